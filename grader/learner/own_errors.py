"""An exception out of the learner's own code, run in this process: where it was raised, and none of our frames."""

from __future__ import annotations

import linecache
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from grader.errors import GraderError
from grader.learner.own_code import OwnCode
from grader.protocol.places import place_in
from grader.protocol.results import Frame, Place
from grader.worker.exception_text import message_of

FRAMES = 4


class OwnCodeError(Exception):
    """The learner's code raised `kind`. `frames` are their own lines on the way to it, the innermost last."""

    def __init__(self, kind: str, message: str, frames: tuple[Frame, ...]) -> None:
        super().__init__(f"{kind}: {message}")
        self.kind = kind
        self.message = message
        self.frames = frames


@contextmanager
def telling_whose_it_is(code: OwnCode) -> Iterator[None]:
    """What a stub leaves to do is told as such, and what the learner's code raises is told with its lines.

    An exception that passed no line of theirs is the program's own, and goes on as it is.
    """
    with code.telling_what_is_to_do():
        try:
            yield
        except NotImplementedError as error:
            if code.stub_that_raised(error) is not None:
                raise
            _tell(code, error)
        except GraderError:
            raise
        except Exception as error:
            _tell(code, error)


def _tell(code: OwnCode, error: Exception) -> None:
    frames = tuple(_own_frames(code, error))
    if not frames:
        raise error
    raise OwnCodeError(type(error).__name__, message_of(error), frames[-FRAMES:]) from error


def _own_frames(code: OwnCode, error: Exception) -> Iterator[Frame]:
    for summary, line in traceback.walk_tb(error.__traceback__):
        place = _place(code, summary.f_code.co_filename, line)
        if place is not None:
            text = linecache.getline(summary.f_code.co_filename, line).strip()
            yield Frame(place, summary.f_code.co_qualname, text)
    if isinstance(error, SyntaxError) and error.filename:
        place = _place(code, error.filename, error.lineno or 0)
        if place is not None:
            yield Frame(place, "", (error.text or "").strip())


def _place(code: OwnCode, file: str, line: int) -> Place | None:
    """The line as its author names it; None where it is not in the learner's tree."""
    for root in code.roots():
        path = Path(file).resolve()
        if path.is_relative_to(root):
            name = path.relative_to(root).with_suffix("").as_posix()
            choice = code.workspace.choices.get(name)
            cells = choice.best.module.cells if choice is not None and choice.best.module is not None else None
            shown = choice.best.path if choice is not None else code.layout.display_path(path)
            return place_in(shown, line, cells)
    return None
