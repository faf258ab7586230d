"""Mutants: each kind of change, at the node's own place, and nothing in texts."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from grader.course.layout import Layout
from grader.course.mutation import changes, mutants_of
from grader.course.program import read_program

SOLUTIONS = sorted(Layout(Path(__file__).resolve().parents[3]).solutions.rglob("*.py"))


def lines_made(source: str, kind: str = "") -> set[str]:
    """What the changes of a kind make of a text of one line."""
    return {text for text, change in changes(read_program(source)).items() if kind in ("", change.kind)}


@pytest.mark.parametrize(
    ("kind", "source", "made"),
    [
        ("operator", "y = a + (b)", {"y = a - (b)"}),
        ("operator", "y = a @ b // c", {"y = a * b // c", "y = a @ b / c"}),
        ("operator", "y = not a", {"y = a"}),
        ("operator", "y = -(a + b)", {"y = (a + b)", "y = -(a - b)"}),
        ("operator", "y += a", {"y -= a"}),
        ("operator", "y **= a", {"y *= a"}),
        ("comparison", "y = a < b", {"y = a <= b", "y = a > b"}),
        ("comparison", "y = a is not b", {"y = a is b"}),
        ("comparison", "y = a not  in (b)", {"y = a in (b)"}),
        ("comparison", "y = 0 <= a == b", {"y = 0 < a == b", "y = 0 >= a == b", "y = 0 <= a != b"}),
        ("logic", "y = a and b and c", {"y = a or b and c", "y = a and b or c"}),
        ("condition", "y = a if b < c else d", {"y = a if not (b < c) else d"}),
        ("condition", "y = a if b == c else d", set()),  # `!=` is the same
        ("condition", "while a or b: f()", {"while not (a or b): f()"}),
        ("condition", "y = [a for a in b if c(a)]", {"y = [a for a in b if not (c(a))]"}),
        ("number", "y = 2", {"y = 3", "y = 1", "y = 0"}),
        ("number", "y = a[-1]", {"y = a[0]", "y = a[-2]"}),
        ("number", "y = 0.5", {"y = 1.5", "y = 1.0", "y = 0.0"}),
        ("number", "y = f(dim=-1)", {"y = f(dim=-2)", "y = f(dim=0)"}),
        ("number", "y = f(dim=1)", {"y = f(dim=-2)", "y = f(dim=0)"}),
        ("number", "y = f(b, device=1, dpi=2)", set()),
        ("boolean", "y = True", {"y = False"}),
        ("slice", "y = a[b:4]", {"y = a[:4]", "y = a[b:]", "y = a[b + 1:4]", "y = a[b - 1:4]"}),
        ("slice", "y = a[0::2]", {"y = a[0::]"}),
        ("range", "y = range(n)", {"y = range(n + 1)", "y = range(n - 1)"}),
        ("range", "y = range(n - 1)", set()),  # its number is changed in any case
        ("order", "y = f(a, b, k=c)", {"y = f(b, a, k=c)"}),
        ("order", "y = [a, (b), b]", {"y = [b, (a), b]"}),
        ("order", "y = max(a, b)", set()),
        ("function", "y = a.sum(0)", {"y = a.mean(0)"}),
        ("function", "y = torch.exp(max(a))", {"y = torch.log(max(a))", "y = torch.exp(min(a))"}),
        ("function", "y = sorted(a)", {"y = sorted(a, reverse=True)"}),
        ("keyword", "y = f(a, k=(b), m=c)", {"y = f(a, m=c)", "y = f(a, k=(b))"}),
        ("keyword", "y = f(k=b, m=c)", {"y = f(m=c)", "y = f(k=b)"}),
        ("keyword", "y = f(k=b)", {"y = f()"}),
        ("keyword", "y = zip(a, b, strict=True)", set()),
        ("call", "y = x.detach().sum()", {"y = x.sum()"}),
        ("call", "y = self.norm(x)", {"y = x"}),
        ("call", "y = gelu(x) + len(x)", {"y = x + len(x)"}),
        ("call", "import torch\ny = torch.exp(x)", {"import torch\ny = x"}),
        ("call", "import torch\ny = torch.zeros(x)", set()),
        ("call", "y = x.to(z.device)", set()),
        ("statement", "f(a)", {"pass"}),
        ("statement", "y += 1", {"pass"}),
        ("statement", "y = f(y)", {"pass"}),
        ("statement", "y = f(x)", set()),
        ("statement", "y[0] = x", {"pass"}),
        ("statement", "if a: raise E(2)", {"pass"}),
        ("context", "with a, b(): f()", {"if True: f()"}),
        ("context", "@a()\ndef f(): pass", {"\ndef f(): pass"}),
        ("context", "@property\ndef f(): pass", set()),
        ("return", "def f(): return a", {"def f(): return None"}),
        ("return", "def f(): return None", set()),
    ],
)
def test_each_kind_of_change(kind: str, source: str, made: set[str]) -> None:
    assert lines_made(source, kind) == made


def test_letters_of_several_bytes_move_nothing() -> None:
    assert lines_made('y = "é𝄞" * a + ü  # ≤', "operator") == {'y = "é𝄞" / a + ü  # ≤', 'y = "é𝄞" * a - ü  # ≤'}
    assert lines_made("α = f(β,\n      γ=δ < 1)", "comparison") == {
        "α = f(β,\n      γ=δ <= 1)",
        "α = f(β,\n      γ=δ > 1)",
    }


def test_an_operator_is_not_looked_for_in_a_comment() -> None:
    assert lines_made("y = (a  # + not this\n     + b)", "operator") == {"y = (a  # + not this\n     - b)"}


TEXTS = '''"""Of 2 + 3.

>>> f(1 + 1)
2
"""

from a import b


@dataclass
class C(D[1]):
    """1 < 2."""

    x: Float[Tensor, "2 + n"]


def f(x: T[1], y: int) -> U[2]:
    """Refuse 1.

    >>> f(2 + 2)
    4
    """
    # TODO: 1 + 1.
    "1 + 1"
    if y:
        raise ValueError(f"{x + 1} and " + str(1 + 1))
'''


def test_texts_annotations_and_imports_stay() -> None:
    dropped = TEXTS[: TEXTS.index("    if y:")] + "    pass\n"
    negated = TEXTS.replace("if y:", "if not (y):")
    assert set(changes(read_program(TEXTS))) == {dropped, negated}


GIVEN = '''def g(x):
    return x + 1


class C:
    size = 4

    def mine(self, x=2):
        """Mine."""
        # TODO: subtract.
        return self.given(x) - _part(x)

    def given(self, x):
        return -x


def _part(x):
    return x / 5
'''


def test_what_the_stub_holds_is_given() -> None:
    given = {mutant.change.lines(GIVEN)[0].strip() for mutant in mutants_of(GIVEN) if mutant.given}
    others = {mutant.change.lines(GIVEN)[0].strip() for mutant in mutants_of(GIVEN) if not mutant.given}
    assert given == {"return x + 1", "size = 4", "def mine(self, x=2):", "return -x"}
    assert others == {"return self.given(x) - _part(x)", "return x / 5"}


def test_an_edit_stands_once_and_makes_the_mutant() -> None:
    source = "def f(x):\n    y = 1\n    return y\n\n\ndef g(x):\n    y = 1\n    return x + y"
    for text, change in changes(read_program(source)).items():
        find, replace = change.edit(source)
        assert source.count(find) == 1
        assert source.replace(find, replace) == text
    edits = {change.edit(source)[0] for change in changes(read_program(source)).values()}
    assert "return x + y" in edits
    assert "def f(x):\n    y = 1" in edits


@pytest.mark.parametrize("path", SOLUTIONS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_mutant_of_a_solution_is_another_program(path: Path) -> None:
    """Docstrings and annotations are the same, the tree is not, and the edit makes it."""
    source = path.read_text(encoding="utf-8")
    mutants = mutants_of(source)
    assert len({mutant.source for mutant in mutants}) == len(mutants)
    if path.stem == "concepts":
        return
    assert len(mutants) >= 10
    tree, texts = ast.dump(ast.parse(source)), _texts(source)
    for mutant in mutants[::11]:
        assert ast.dump(ast.parse(mutant.source)) != tree
        assert _texts(mutant.source) == texts
        assert mutant.change.applied(source) == mutant.source


def _texts(source: str) -> list[str | None]:
    """Every docstring and annotation."""
    nodes = list(ast.walk(ast.parse(source)))
    kinds = ast.FunctionDef | ast.ClassDef | ast.Module
    annotations = [ast.unparse(node.annotation) for node in nodes if isinstance(node, ast.arg) and node.annotation]
    return [*annotations, *(ast.get_docstring(node) for node in nodes if isinstance(node, kinds))]
