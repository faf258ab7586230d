"""What IPython makes of a cell, in Python: its magics, shell lines and help, each on the line where it stood.

IPython's own transformer says what is one of these. What becomes of it is what its author's namespace would see: a
statement that is timed is run, a command's output is an empty list, a cell of another language is set aside.
"""

from __future__ import annotations

import ast
import importlib
import itertools
import re
import warnings
from dataclasses import dataclass, field, replace
from typing import Any

# Magics whose line, or whose cell, is run in the author's namespace. All others run elsewhere or define nothing.
RUN_THEIR_LINE = ("time", "prun", "debug")
RUN_THEIR_CELL = ("time", "prun", "debug", "capture", "snakeviz", "pyinstrument", "scalene", "viztracer")
MAGIC_OPTIONS = re.compile(r"\s*(?:(?:--[\w-]+(?:=\S+)?|-[rq]|-[DlsT]\s*\S+)\s+)*")
PROMPT = re.compile(r"\s*(?:\[(?:nav|ins)\] )?In \[\d+\]: ")
CELL_MAGIC = re.compile(r"%%(?!\w+\?)\S")
MAX_TRANSFORMS = 500  # of one cell, as IPython has it
MAX_MAGIC_DEPTH = 8
MAX_QUESTION = 1000  # characters of a line that asks for help: what it asks about is looked for from each of them
ERRORS_OF_THE_PARSER = (SyntaxError, ValueError, RecursionError, MemoryError)


@dataclass(frozen=True)
class Aside:
    """Something of IPython's: its line in the cell, from 1, its text, and the Python that stands there now.

    `code` is empty where nothing does; `whole` where all that follows in the cell went with it.
    """

    line: int
    text: str
    code: str = ""
    whole: bool = False


@dataclass(frozen=True)
class PythonCell:
    """A cell in Python, line for line, and what was IPython's in it."""

    text: str
    asides: tuple[Aside, ...] = ()


@dataclass
class Effort:
    """How many characters may still be read as tokens: each special line means to read its cell again."""

    characters: int = 1_000_000

    def spend(self, count: int) -> bool:
        """Whether that many were left."""
        self.characters -= count
        return self.characters >= 0


@dataclass
class _Lines:
    """A cell on the way to Python: its text, and what stood on the lines that IPython's transformer changed."""

    text: str
    originals: dict[int, str] = field(default_factory=dict)


def python_cell(text: str, effort: Effort, depth: int = 0) -> PythonCell:
    """The cell's text as Python. One that is Python already, or that nobody can read, is returned as it is."""
    if parses(text) and not any(PROMPT.match(line) for line in text.lstrip().split("\n", 2)[:2]):
        return _without_calls(_Lines(text), effort, depth)
    text = _cleaned(text)
    magic = _cell_magic(text)
    if magic is not None:
        return _under_magic(text, magic, effort, depth)
    return _without_calls(_Lines(text) if parses(text) else _transformed(text, effort), effort, depth)


def parses(text: str) -> bool:
    """Whether the text is Python as it is."""
    return _tree(text) is not None


def _tree(text: str) -> ast.Module | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except ERRORS_OF_THE_PARSER:
        return None


# -- IPython's own transformer ------------------------------------------------------------------------


def _transformer() -> Any:
    return importlib.import_module("IPython.core.inputtransformer2")  # takes long, and few cells need it


def _cleaned(text: str) -> str:
    """Prompts and a common margin taken away. Blank lines at the top stay: lines keep their numbers."""
    body = text.lstrip("\n \t\f")
    start = text.rfind("\n", 0, len(text) - len(body)) + 1
    lines = [line + "\n" for line in text[start:].split("\n")]
    module = _transformer()
    for clean in (module.leading_indent, module.classic_prompt, module.ipython_prompt):
        lines = [line + "\n" for line in "".join(clean(lines))[:-1].split("\n")]
    return text[:start] + "".join(lines)[:-1]


def _transformed(text: str, effort: Effort) -> _Lines:
    """Each special statement as the call that IPython makes of it. Lines that it joins leave blank ones behind."""
    module = _transformer()
    found = _Lines(text)
    lines = [line + "\n" for line in text.split("\n")]
    for _ in range(MAX_TRANSFORMS):
        if not effort.spend(len(text)):
            break
        step = _next_transform(module, lines)
        if step is None:
            break
        start, changed = step
        joined = len(lines) - len(changed)
        found.originals[start + 1] = " ".join("".join(lines[start : start + joined + 1]).replace("\\\n", " ").split())
        lines = changed[: start + 1] + ["\n"] * joined + changed[start + 1 :]
    found.text = "".join(lines)[:-1]
    return found


def _next_transform(module: Any, lines: list[str]) -> tuple[int, list[str]] | None:
    """The first special statement: its line, from 0, and all lines with a call in its place."""
    try:
        tokens = module.make_tokens_by_line(lines)
        candidates = [kind.find(tokens) for kind in module.TransformerManager().token_transformers]
    except Exception:  # half a line makes its finders stumble; then nothing more is special
        return None
    for candidate in sorted((found for found in candidates if found), key=lambda found: found.sortby()):
        if isinstance(candidate, module.HelpEnd) and len(lines[candidate.start_line]) > MAX_QUESTION:
            continue
        try:
            return candidate.start_line, candidate.transform(lines)
        except SyntaxError:
            continue
    return None


# -- cell magics --------------------------------------------------------------------------------------


def _cell_magic(text: str) -> int | None:
    """The line, from 0, on which the whole cell is given to a magic. Comments before it are skipped, as Colab does."""
    for number, line in enumerate(text.split("\n")):
        if CELL_MAGIC.match(line):
            return number
        if line.strip() and not line.startswith("#"):
            return None
    return None


def _under_magic(text: str, magic: int, effort: Effort, depth: int) -> PythonCell:
    """A cell under a cell magic: its body where that is run in the namespace, else nothing."""
    lines = text.split("\n")
    before, head, body = lines[:magic], lines[magic], lines[magic + 1 :]
    name, _, arguments = head[2:].partition(" ")
    if name.strip() not in RUN_THEIR_CELL or depth >= MAX_MAGIC_DEPTH:
        after = ["# " + line if line.strip() else "" for line in (head, *body)]
        return PythonCell("\n".join([*before, *after]), (Aside(magic + 1, head.strip(), whole=True),))
    made = _made_by_capture(arguments) if name.strip() == "capture" else ""
    inner = python_cell("\n".join(body), effort, depth + 1)
    asides = [Aside(magic + 1, head.strip(), made)]
    asides += [replace(item, line=item.line + magic + 1) for item in inner.asides]
    top = [*before, f"{made or 'pass'}  # {head}"]
    return PythonCell("\n".join(top + inner.text.split("\n") if body else top), tuple(asides))


def _made_by_capture(arguments: str) -> str:
    """`%%capture out` makes a name of what was printed."""
    names = [word for word in arguments.split() if word.isidentifier()]
    return f"{names[0]} = None" if names else ""


# -- calls of the shell -------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Edit:
    """Python in place of a node: a statement, or the value of an assignment. `said` is what its author wrote there."""

    node: ast.stmt | ast.expr
    line: int
    said: str
    code: str

    def aside(self) -> Aside:
        if isinstance(self.node, ast.stmt):
            return Aside(self.line, self.said, "" if self.code == "pass" or "\n" in self.code else self.code)
        return Aside(self.line, self.said, f"{self.said.partition('=')[0].rstrip()} = {self.code}")


def _without_calls(lines: _Lines, effort: Effort, depth: int) -> PythonCell:
    """Statements that call `get_ipython()` replaced: those of the transformer, and those that a script has already."""
    tree = _tree(lines.text) if "get_ipython" in lines.text else None
    if tree is None:
        return PythonCell(lines.text)
    edits, rows = [], [line.encode() for line in lines.text.split("\n")]
    for node in ast.walk(tree):
        found = _in_place_of(node, effort, depth)
        if found is not None and isinstance(node, ast.stmt):
            said = lines.originals.get(node.lineno) or _text_of(node, rows)
            code = "pass" if "\n" in found[1] and node.col_offset else found[1]  # a cell's body has a margin of its own
            edits.append(_Edit(found[0], node.lineno, said, code))
    edits.sort(key=lambda edit: (edit.node.lineno, edit.node.col_offset))
    text = _edited(lines.text, edits)
    if not parses(text):  # a statement with a block of its own, say, where only a short one can stand
        edits = [replace(edit, code="pass" if isinstance(edit.node, ast.stmt) else "None") for edit in edits]
        text = _edited(lines.text, edits)
    return PythonCell(text, tuple(edit.aside() for edit in edits))


def _in_place_of(node: ast.AST, effort: Effort, depth: int) -> tuple[ast.stmt | ast.expr, str] | None:
    """Of a statement that is the shell's: what is to be replaced in it, and by what."""
    if isinstance(node, ast.Expr) and _is_the_shells(node.value):
        return node, _statement_for(node.value, effort, depth)
    if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
        method, texts = _call_of_the_shell(node.value)
        if method:
            return node.value, "[]" if method == "getoutput" else _value_of(method, texts)
    return None


def _is_the_shells(node: ast.expr) -> bool:
    """Whether the expression begins with `get_ipython()`."""
    while isinstance(node, ast.Call | ast.Attribute | ast.Subscript):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            return node.func.id == "get_ipython"
        node = node.func if isinstance(node, ast.Call) else node.value
    return False


def _call_of_the_shell(node: ast.expr) -> tuple[str, tuple[str, ...]]:
    """The method of `get_ipython().method("…", "…")` and its texts; nothing for any other expression."""
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and _is_the_shells(node)):
        return "", ()
    if not (isinstance(node.func.value, ast.Call) and isinstance(node.func.value.func, ast.Name)):
        return "", ()
    texts = [item.value for item in node.args if isinstance(item, ast.Constant) and isinstance(item.value, str)]
    if node.func.attr == "magic" and texts:  # as old scripts have it
        name, _, line = texts[0].partition(" ")
        return "run_line_magic", (name, line)
    return node.func.attr, tuple(texts)


def _statement_for(node: ast.expr, effort: Effort, depth: int) -> str:
    """What a statement of the shell's does to the namespace."""
    method, texts = _call_of_the_shell(node)
    if method == "run_line_magic" and len(texts) == 2 and texts[0] in RUN_THEIR_LINE and depth < MAX_MAGIC_DEPTH:
        code = python_cell(_without_options(texts[1]), effort, depth + 1).text
        return code if code and parses(code) else "pass"
    if method == "run_cell_magic" and len(texts) == 3 and texts[0] in RUN_THEIR_CELL and depth < MAX_MAGIC_DEPTH:
        name, line, body = texts
        return python_cell(f"%%{name} {line}".rstrip() + "\n" + body.rstrip("\n"), effort, depth + 1).text
    return "pass"


def _value_of(method: str, texts: tuple[str, ...]) -> str:
    """What an assignment from the shell gives: of `%time` the value, else None."""
    if method == "run_line_magic" and len(texts) == 2 and texts[0] == "time":
        code = _without_options(texts[1]).rstrip(";")
        tree = _tree(code)
        if tree is not None and len(tree.body) == 1 and isinstance(tree.body[0], ast.Expr):
            return f"({code})"
    return "None"


def _without_options(line: str) -> str:
    return MAGIC_OPTIONS.sub("", line, count=1).strip()


def _text_of(node: ast.stmt, rows: list[bytes]) -> str:
    """The statement as it stands in these lines. Offsets are in bytes, as the parser has them."""
    last = (node.end_lineno or node.lineno) - 1
    if last == node.lineno - 1:
        return rows[last][node.col_offset : node.end_col_offset].decode()
    between = rows[node.lineno : last]
    return b"\n".join([rows[node.lineno - 1][node.col_offset :], *between, rows[last][: node.end_col_offset]]).decode()


def _edited(text: str, edits: list[_Edit]) -> str:
    """The text with each edit made, its lines where they were. Those of one line are made at once: it may be long."""
    lines = [line.encode() for line in text.split("\n")]
    for number, found in itertools.groupby(reversed(edits), key=lambda edit: edit.node.lineno):
        group = list(found)
        if all(edit.node.end_lineno == number and "\n" not in edit.code for edit in group):
            lines[number - 1] = _edited_line(lines[number - 1], group[::-1])
            continue
        for edit in group:
            _edit(lines, edit)
    return b"\n".join(lines).decode()


def _edited_line(line: bytes, edits: list[_Edit]) -> bytes:
    """A line with edits that begin and end in it."""
    parts, end = [], 0
    for edit in edits:
        parts += [line[end : edit.node.col_offset], edit.code.encode()]
        end = edit.node.end_col_offset or len(line)
    return b"".join([*parts, line[end:], b"" if line[end:].strip() else _remark(edits[-1])])


def _edit(lines: list[bytes], edit: _Edit) -> None:
    """One edit, which may be over several lines."""
    first, last = edit.node.lineno - 1, (edit.node.end_lineno or edit.node.lineno) - 1
    before, after = lines[first][: edit.node.col_offset], lines[last][edit.node.end_col_offset :]
    remark = b"" if after.strip() or "\n" in edit.code else _remark(edit)
    made = (before + edit.code.encode() + after + remark).split(b"\n")
    lines[first : last + 1] = made + [b""] * (last - first + 1 - len(made))


def _remark(edit: _Edit) -> bytes:
    return f"  # {edit.said.partition(chr(10))[0]}".encode()
