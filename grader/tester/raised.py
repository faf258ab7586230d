"""What is said of an exception that came out of the learner's code, and which verdict it gives the test."""

from __future__ import annotations

import ast
import re

from grader.course.import_lines import nearest
from grader.protocol.results import Call, Exhausted, Failure, Frame, Verdict
from grader.tester.failures import StudentRaised
from grader.tester.import_failures import Words, import_failure
from grader.tester.source_tree import SourceTree
from grader.tester.unfinished import Unfinished, unfinished

NO_FORWARD = re.compile(r'Module \[(\w+)\] is missing the required "forward" function')
OF_A_LIBRARY = (
    "A library raised this, no stub of yours: what the line asks for does not exist for this dtype or device. "
    "Convert the tensor first, or reach the result by other operations."
)
TORCHS_LIST = " This could be because the operator doesn't exist for this backend"  # and then all backends
NUMBER = re.compile(r"\d+(?:\.\d+)?")
OUT_OF_MEMORY = "can't allocate memory"


def student_raised(
    source: SourceTree, call: Call, types: tuple[str, ...], text: str, frames: tuple[Frame, ...]
) -> StudentRaised:
    """The failure of a test whose call raised. `types` are the names of the exception's class and its bases."""
    found = unfinished(source, types, frames)
    place = frames[-1].place if frames else None
    if found is not None and found.exercise == source.exercise:
        message = f"`{found.function}` is still to do." if found.function else _at_the_top(frames)
        return StudentRaised(Failure(message, call=call, frames=frames, place=place), types, text, Verdict.TODO, True)
    if found is not None:
        failure = Failure(
            _earlier_text(source, call, found),
            call=call,
            frames=frames,
            place=place,
            advice="Do that part first; this one can be judged after it.",
            blocked_by=found.exercise,
        )
        return StudentRaised(failure, types, text, Verdict.BLOCKED, True)
    words = _explained(source, types, text, frames)
    failure = Failure(
        message=words.message if words is not None else raised_text(call, types, text),
        call=call,
        frames=frames,
        place=place,
        advice=words.advice if words is not None else _advice(types, frames),
        exhausted=Exhausted.MEMORY if is_out_of_memory(types, text) else None,
    )
    return StudentRaised(failure, types, text, explained=words is not None)


def sign_of(text: str, frames: tuple[Frame, ...]) -> str:
    """What tells an exception from others of its class, whatever words its author chose."""
    if frames and frames[-1].text.startswith("raise"):
        return "raise"
    return " ".join(NUMBER.findall(text))


def is_out_of_memory(types: tuple[str, ...], text: str) -> bool:
    """Python's own exception, or the one in whose words torch says it."""
    return "MemoryError" in types or OUT_OF_MEMORY in text


def raised_text(call: Call, types: tuple[str, ...], text: str) -> str:
    """The sentence for an exception of which no more is known."""
    name, text = types[0] if types else "exception", text.partition(TORCHS_LIST)[0]
    if name == "BdbQuit":
        return f"`{call.name}` stopped at a breakpoint: breakpoint() needs `grader check --debug`."
    if "SystemExit" in types:
        return f"`{call.name}` called sys.exit. Return a value instead; a program's end is not an answer."
    if "KeyboardInterrupt" in types:
        return f"`{call.name}` raised KeyboardInterrupt, which only a person at the keyboard should."
    if "RecursionError" in types:
        return f"`{call.name}` called itself without end: {text}"
    if is_out_of_memory(types, text):
        return f"`{call.name}` asked for more memory than the limit allows: {text or 'MemoryError'}"
    return f"`{call.name}` raised {name}: {text}" if text else f"`{call.name}` raised {name}."


def _advice(types: tuple[str, ...], frames: tuple[Frame, ...]) -> str:
    """What to do about an exception that speaks of the place more than of the work.

    Where the last of the learner's lines raises nothing itself, what it called did.
    """
    line = frames[-1].text if frames else ""
    if types[:1] == ("BdbQuit",):
        return "Remove the breakpoint, or look around with `grader check --debug`."
    if types[:1] == ("EOFError",) and "input(" in line:
        return "Nobody is at the keyboard when the code is judged: take what you need as an argument."
    if types[:1] == ("NameError",) and re.search(r"\b(?:display|get_ipython)\(", line):
        return "Jupyter alone has this name. Use `print`, or leave the line out of the function."
    by_themselves = bool(frames) and frames[-1].text.startswith("raise")
    return OF_A_LIBRARY if types[:1] == ("NotImplementedError",) and not by_themselves else ""


def _at_the_top(frames: tuple[Frame, ...]) -> str:
    return f"Line {frames[-1].place.line} says that the rest is still to do."


def _earlier_text(source: SourceTree, call: Call, found: Unfinished) -> str:
    what = f"`{found.function}` of " if found.function else ""
    rests = "" if call.name.startswith("import ") else f"; `{call.name}` rests on it"
    return f"{what}{source.shown(found.exercise)}, an earlier part, is still to do (or was not handed in){rests}."


def _explained(source: SourceTree, types: tuple[str, ...], text: str, frames: tuple[Frame, ...]) -> Words | None:
    if types[:1] == ("NotImplementedError",) and (found := NO_FORWARD.match(text)):
        return no_forward(source.parse(source.exercise), found[1])
    return import_failure(source, types, text, frames)


# -- a module without `forward` ---------------------------------------------------------------------------


def no_forward(tree: ast.Module | None, name: str) -> Words:
    """A module was called that has no `forward`: what its class has instead, where that stands in the file."""
    message = f"`{name}` has no `forward`, which is what runs when a module is called."
    classes = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)] if tree is not None else []
    own = next((node for node in classes if node.name == name), None)
    if tree is None or own is None:
        return Words(message, "Define `forward` in its class.")
    if misplaced := _misplaced_forward(tree, own):
        return Words(message, misplaced)
    methods = {node.name: node.lineno for node in own.body if isinstance(node, ast.FunctionDef)}
    others = [method for method in methods if not method.startswith("__")]
    if close := nearest("forward", others):
        said = f"`{name}` has no `forward`; it defines `{close}` (line {methods[close]})."
        return Words(said, f"Rename `{close}` to `forward`.")
    if methods:
        message = f"`{name}` has no `forward`; it defines {', '.join(f'`{method}`' for method in methods)}."
    return Words(message, "A module that is called runs its `forward`: give the class one.")


def _misplaced_forward(tree: ast.Module, own: ast.ClassDef) -> str:
    """A `forward` that stands one level too deep or not deep enough."""
    for method in own.body:
        if isinstance(method, ast.FunctionDef):
            for node in ast.walk(method):
                if isinstance(node, ast.FunctionDef) and node is not method and node.name == "forward":
                    return f"`forward` stands inside of `{method.name}` (line {node.lineno}): move it to the left."
    for top in tree.body:
        if isinstance(top, ast.FunctionDef) and top.name == "forward":
            return f"`forward` stands outside of the class (line {top.lineno}): move it to the right."
    return ""
