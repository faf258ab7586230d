"""What can be said of a learner's file before anything of it runs: is it there, does it parse, what does it use."""

from __future__ import annotations

import ast
import codecs
import io
import re
import tokenize
from dataclasses import dataclass
from pathlib import Path

from grader.course.bans import banned_use
from grader.course.borrowing import Others, borrowed_use
from grader.course.cells import BrokenCell, Cells, Definition, bindings, names_written, parse_cells
from grader.course.curriculum import Exercise
from grader.course.file_kinds import foreign_kind, is_wide_text
from grader.course.visible import short_line

MAX_SOURCE_BYTES = 2 * 2**20
MAX_LINE_SHOWN = 200
MAX_ENCODING_SHOWN = 40
LINE_END = re.compile("\r\n|\r|\n")  # as Python counts lines: a form feed ends none
FENCES = ("```", "~~~")
SAVE_AS_UTF_8 = "Save it as UTF-8 in your editor."


@dataclass(frozen=True)
class SourceProblem:
    """Why a file cannot be judged: a sentence of two halves, between which the line's place is said where there is one.

    `text` is that line, `advice` what to do.
    """

    subject: str
    predicate: str
    line: int | None = None
    text: str = ""
    advice: str = ""


def first_problem(
    path: Path, display_path: str, exercise: Exercise, cells: Cells | None = None, others: Others | None = None
) -> SourceProblem | None:
    """Why the file cannot be judged, or None. Reads it and runs nothing. With `cells` it was made of a notebook's.

    With `others`, what it takes out of other parts is looked at as well.
    """
    if not path.is_file():
        return SourceProblem(display_path, " is missing.", advice=_reset(exercise))
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_SOURCE_BYTES + 1)
    except OSError as error:
        return SourceProblem(display_path, f" cannot be read: {error.strerror}.")
    return problem_in(raw, display_path, exercise, cells, others)


def problem_in(
    raw: bytes, display_path: str, exercise: Exercise, cells: Cells | None = None, others: Others | None = None
) -> SourceProblem | None:
    """Why a file of these bytes cannot be judged, or None."""
    if len(raw) > MAX_SOURCE_BYTES:
        return SourceProblem(display_path, " is larger than 2 MB; a solution is a few kilobytes of text.")
    if cells is None and (problem := _no_text(raw, display_path)):
        return problem
    text = raw.decode("utf-8-sig")
    if not text.strip():
        return SourceProblem(display_path, " is empty.", advice=_reset(exercise))
    try:
        if cells is not None:  # they are text already, whatever they declare
            return _cells_problem(text, cells, exercise, others)
        return _parse_problem(text, display_path, exercise, others)
    except RecursionError:
        return SourceProblem(display_path, " cannot be read as Python: it is nested too deep.")
    except MemoryError:  # of Python's parser, too, which says so of brackets nested in one another
        said = " cannot be read as Python: it is nested too deep, or takes too much memory."
        return SourceProblem(display_path, said, advice="A solution is a few kilobytes of text.")


def _reset(exercise: Exercise) -> str:
    return f"`grader reset {exercise.name}` puts the stub back (your file is kept beside it)."


def _no_text(raw: bytes, display_path: str) -> SourceProblem | None:
    """Why the bytes are no text of Python's, if they are not."""
    kind = foreign_kind(raw)
    if is_wide_text(kind):
        return SourceProblem(display_path, f" is {kind}; it is read as UTF-8 alone.", advice=SAVE_AS_UTF_8)
    if kind:
        said = f" is {kind}, whatever its name ends in."
        return SourceProblem(display_path, said, advice="Hand in the Python file itself.")
    if b"\0" in raw:
        return SourceProblem(display_path, " cannot be read as Python: it holds NUL bytes.", advice=SAVE_AS_UTF_8)
    try:
        raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        said = f"{display_path} is not UTF-8 text: byte 0x{error.object[error.start]:02x}"
        return SourceProblem(said, ".", line, advice=SAVE_AS_UTF_8)
    if (encoding := _declared_encoding(raw)) not in ("utf-8", "utf-8-sig"):
        said = f" declares the encoding {encoding}; it is read as UTF-8 alone."
        return SourceProblem(display_path, said, advice="Remove the `coding:` line at the top of the file.")
    return None


def _declared_encoding(raw: bytes) -> str:
    """What Python would read the bytes as: in another encoding a comment may be code."""
    try:
        return codecs.lookup(tokenize.detect_encoding(io.BytesIO(raw).readline)[0]).name
    except SyntaxError as error:  # one that Python does not know
        return short_line(str(error).partition(": ")[2], MAX_ENCODING_SHOWN) or "of another kind"


def _parse_problem(text: str, display_path: str, exercise: Exercise, others: Others | None) -> SourceProblem | None:
    try:
        tree = ast.parse(text)
    except SyntaxError as error:
        shown = (error.text or "").rstrip()[:MAX_LINE_SHOWN]
        if shown.lstrip().startswith(FENCES):
            return _fence(text, display_path, error.lineno, shown)
        return SourceProblem(type(error).__name__, f": {error.msg}.", error.lineno or None, shown)
    except ValueError as error:
        return SourceProblem(display_path, f" cannot be read as Python: {error or 'its text is not valid'}.")
    return _banned_use(tree, text, exercise, others)


def _fence(text: str, display_path: str, line: int | None, shown: str) -> SourceProblem:
    """The lines with which a chat or a README sets code apart were copied along."""
    does = "begins with" if text.lstrip().startswith(FENCES) else "holds"
    advice = "Remove such lines, and all that is not code."
    return SourceProblem(f"{display_path} {does} a Markdown fence", ", which is no Python.", line, shown, advice)


def _cells_problem(text: str, cells: Cells, exercise: Exercise, others: Others | None) -> SourceProblem | None:
    """A cell that does not parse costs itself, so it is the file's problem only where it leaves nothing to judge."""
    parsed = parse_cells(text, cells)
    defining = next((broken for broken in parsed.broken if names_written(broken.cell.text)), None)
    if defining is not None and not any(isinstance(node, Definition) for _, node in bindings(parsed.tree)):
        return _broken_cell(defining)
    return _banned_use(parsed.tree, text, exercise, others, is_notebook=True)


def _broken_cell(broken: BrokenCell) -> SourceProblem:
    name, _, said = broken.error.partition(": ")
    return SourceProblem(name, f": {said}.", broken.line, broken.shown[:MAX_LINE_SHOWN])


def _banned_use(
    tree: ast.Module, text: str, exercise: Exercise, others: Others | None, is_notebook: bool = False
) -> SourceProblem | None:
    found = banned_use(tree, exercise.bans, is_notebook)
    if found is None and others is not None and exercise.bans:
        found = borrowed_use(tree, exercise, others)
    if found is None:
        return None
    shown = LINE_END.split(text)[found.line - 1].strip()[:MAX_LINE_SHOWN] if found.line else ""
    return SourceProblem(found.subject, found.predicate, found.line or None, shown, found.advice)
