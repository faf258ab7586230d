"""`grader`: finds the command, runs it, and turns what ends it into an exit code.

Exit codes: 0 everything asked for has passed; 1 something failed or is still to do; 2 wrong use; 3 the kit's own fault.
"""

from __future__ import annotations

import io
import os
import signal
import sys
from types import MappingProxyType

import click

from grader.cli.echo import echo
from grader.cli.lazy import LazyGroup, imported
from grader.errors import GraderError, UsageError
from grader.render.substitutes import readable

ENDED_BY_SIGNAL = 128  # and the signal's number, as shells say it

# By module, the first line of each command's help: the list of all commands is shown without importing any.
COMMANDS = MappingProxyType(
    {
        "check": {"check": "Check your work. Without a name: everything up to the next exercise to do."},
        "watch": {"watch": "Check the current exercise whenever you save it."},
        "learner": {
            "list": "The course: what has passed, minutes, points and your attempts.",
            "show": "Show the brief of an exercise. Without a name: of the next one.",
            "hint": "Show a hint, and one more each time that you ask.",
            "reset": "Put the stub back. What you wrote is kept beside it as a backup.",
            "notebook": "Write exercises as notebooks, beside their files. An existing notebook is not changed.",
        },
        "history": {"history": "Show your attempts at an exercise. It also shows the change that made it pass."},
        "report": {"report": "Write a page about your course, in one file for a browser."},
        "skip": {"skip": "Go on without an exercise. Later exercises use the course's own code for it."},
        "trying": {"try": "Open Python with your own code. The brief's example is already typed."},
        "predict": {"predict": "Predict results before you write the code. Each answer is marked at once."},
        "picture": {"picture": "Draw pictures with your own code. Without a name: list all pictures."},
        "train": {"train": "Train your own GPT, and see what it writes."},
        "play": {"play": "Generate text with your trained GPT, token by token."},
        "update": {"update": "Replace this kit by a newer one. Your work and progress stay."},
        "translate": {"translate": "Translate a sentence with your own model. A table shows the attention weights."},
        "doctor": {"doctor": "What works on this machine, and how to get what does not."},
        "instructor": {
            "score": "Score a class. The same command continues a run that was stopped.",
            "regrade": "Show whose mark would change after a suite was mended. It says by how much, on which test.",
            "similar": "Show which submissions are alike. The stub's own lines are not compared.",
            "export": "Archives for other systems.",
        },
        "author": {
            "dev": "For those who write exercises.",
            "release": "Write the learner's kit. It holds no solutions, no hidden tests, no mistakes.",
        },
    }
)


@click.group(
    cls=LazyGroup,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80},
)
@click.pass_context
def cli(context: click.Context) -> None:
    """Write embeddings and Transformers yourself. The grader says what is wrong and why.

    \b
    grader                    where you are, and what is next
    grader watch              check whenever you save, on one screen
    grader show               what the next exercise is about
    grader hint               a hint, and one more each time
    """
    if context.invoked_subcommand is not None:
        return
    try:
        imported("grader.cli.here", "say_where")()
    except UsageError as error:  # there is no kit here: the commands are all that can be told
        echo(f"{context.get_help()}\n\n{error.message}")


cli.add_unread(COMMANDS)


def run(arguments: list[str]) -> int:
    """Run a command and return its exit code."""
    readable(sys.stdout)
    readable(sys.stderr)
    _clean_up_when_ended()
    try:
        cli.main(args=arguments, prog_name="grader", standalone_mode=False)
    except click.ClickException as error:
        shown = io.StringIO()
        error.show(shown)
        echo(shown.getvalue().rstrip("\n"), err=True)
        return 2
    except GraderError as error:
        echo(f"error: {error.message}", err=True)
        if error.hint:
            echo(f"\nhint: {error.hint}", err=True)
        return error.exit_code
    except SystemExit as ended:
        if isinstance(ended.code, str):  # of a learner's program: Python says it and ends with 1
            echo(ended.code, err=True)
            return 1
        return int(ended.code or 0)
    except (KeyboardInterrupt, click.Abort):
        return 130
    except BrokenPipeError:
        return 141
    except Exception as error:
        if os.environ.get("GRADER_TRACEBACK"):
            raise
        echo(f"error: the grader itself failed: {type(error).__name__}: {error}", err=True)
        echo("\nhint: GRADER_TRACEBACK=1 shows where; please report it", err=True)
        return 3
    return 0


def _clean_up_when_ended() -> None:
    """A polite end, such as a scheduler's, leaves nothing lying about: it comes up through the code as an exit."""

    def leave(number: int, _: object) -> None:
        sys.exit(ENDED_BY_SIGNAL + number)

    for number in (signal.SIGTERM, getattr(signal, "SIGHUP", None)):
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, leave)
