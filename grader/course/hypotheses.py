"""The solution changed in one place, as a guess at what a wrong answer does, with a sentence that shows no code.

Where no listed mistake explains a failure, one of these may. The sentence says where the change is and of which kind:
"in `attention`, `sum` runs over another axis". Which line it is, only those see who have the solution.
"""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator

from grader.course.mutants import Mistake, Mutant
from grader.course.mutation import Mutant as Changed
from grader.course.mutation import mutants_of
from grader.course.mutators import AXES, called_name
from grader.course.program import Change, Program, read_program

PREFIX = "one-place-"  # of the names, which a number follows
LEAD = "Here your code behaves like a right one but for one place"


def hypotheses(source: str) -> tuple[Mutant, ...]:
    """Every change of the solution in one place. Code that the stub gives stays as it is."""
    program = read_program(source)
    return tuple(
        Mutant(Mistake(f"{PREFIX}{number}", says), mutant.source)
        for number, mutant in enumerate(_changed(source))
        if (says := _sentence(program, mutant))
    )


def edit_of(source: str, name: str) -> tuple[str, str] | None:
    """The lines of the solution before and after the change of this name: for those who may see them."""
    change = _change_of(source, name)
    return change.lines(source) if change is not None else None


def replacement_of(source: str, name: str) -> tuple[str, str] | None:
    """The change of this name as an entry of the mistakes file: a text that stands once, and what it becomes."""
    change = _change_of(source, name)
    return change.edit(source) if change is not None else None


def _change_of(source: str, name: str) -> Change | None:
    changed = _changed(source)
    number = name.removeprefix(PREFIX)
    if not name.startswith(PREFIX) or not number.isdigit() or int(number) >= len(changed):
        return None
    return changed[int(number)].change


def _changed(source: str) -> list[Changed]:
    """In the order by which they are numbered."""
    return [mutant for mutant in mutants_of(source) if not mutant.given]


def _sentence(program: Program, mutant: Changed) -> str:
    change = mutant.change
    around = list(_around(program, change))
    functions = [node.name for node in around if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    known = list(itertools.takewhile(_is_known, functions))
    where = f" in `{'.'.join(known)}`" if known else ""
    what = _what(program, change, around)
    return f"{LEAD}{where}: {what}." if what else ""


def _is_known(name: str) -> bool:
    """Whether a stub may have it: the solution's own helpers begin with an underscore, and no learner knows them."""
    return not name.startswith("_") or name.startswith("__")


def _around(program: Program, change: Change) -> Iterator[ast.AST]:
    """The nodes in which the change lies, from the outermost to the innermost."""
    node: ast.AST = program.tree
    while True:
        inner = [child for child in ast.iter_child_nodes(node) if _holds(program, child, change)]
        if not inner:
            return
        node = inner[0]
        yield node


def _holds(program: Program, node: ast.AST, change: Change) -> bool:
    if not hasattr(node, "lineno"):
        return False
    start, stop = program.span(node)
    return start <= change.start and change.stop <= stop


def _what(program: Program, change: Change, around: list[ast.AST]) -> str:
    before = program.source[change.start : change.stop]
    call = next((called_name(node) for node in reversed(around) if isinstance(node, ast.Call)), "")
    call = call if _is_known(call) else ""
    of_call = f" of `{call}`" if call else ""
    keyword = next((node.arg for node in reversed(around) if isinstance(node, ast.keyword)), None)
    match change.kind:
        case "operator":
            return (
                f"`{change.text}` stands where `{before}` belongs" if change.text else f"`{before.strip()}` is left out"
            )
        case "comparison":
            return f"a comparison is `{change.text}` where it ought to be `{before}`"
        case "logic":
            return f"`{change.text}` joins two conditions where `{before}` belongs"
        case "condition":
            return "a condition is the other way round"
        case "number" if keyword in AXES:
            return f"the axis{of_call} is another one"
        case "number":
            subject = f"`{keyword}`{of_call}" if keyword else f"a number given to `{call}`" if call else "a number"
            return f"{subject} is {change.text} where {before} belongs"
        case "boolean":
            return (
                f"`{keyword}`{of_call} is {change.text}" if keyword else f"{change.text} stands where {before} belongs"
            )
        case "slice":
            return "a slice begins or ends elsewhere"
        case "range":
            return "a range begins or ends elsewhere"
        case "order":
            return (
                f"two neighbouring arguments{of_call} have changed places" if call else "two items have changed places"
            )
        case "function":
            return f"`{change.text}` is called where `{before}` belongs" if before else "the order is reversed"
        case "call":
            return _call_left_out(_called(before))
        case "keyword":
            return f"the argument `{_argument(before)}`{of_call} is left out"
        case "statement":
            return _left_out(before)
        case "context":
            return f"`{before.removeprefix('with ').lstrip('@').partition('(')[0]}` is left out"
        case _:
            return "nothing is returned"


def _call_left_out(name: str) -> str:
    return f"a call is left out, `{name}`" if _is_known(name) else "a call is left out"


def _called(text: str) -> str:
    """The name of the outermost call of an expression."""
    node = ast.parse(text.strip(), mode="eval").body
    return called_name(node) if isinstance(node, ast.Call) else text


def _argument(text: str) -> str:
    return text.strip(", \n").partition("=")[0].strip()


def _left_out(text: str) -> str:
    node = ast.parse(text.strip()).body[0]
    if isinstance(node, ast.If | ast.Raise):
        return "an argument that ought to be refused is accepted"
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        return _call_left_out(called_name(node.value))
    return ""  # a value is not changed: in how many ways can that be
