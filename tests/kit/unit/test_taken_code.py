"""A learner's code as edits of the solution: as little as will do, nothing personal, nothing to distrust."""

from __future__ import annotations

import ast

import pytest

from grader.author.taken_code import NotTaken, owner_at, taken_edits
from grader.author.trusted_code import distrusted
from grader.course.mistakes import mutated

SOLUTION = '''"""# Layers"""

import torch
from torch import Tensor, nn


def _split(x: Tensor, n: int) -> Tensor:
    return x.view(n, -1)


def norm(x: Tensor, eps: float = 1e-5) -> Tensor:
    """Unit variance."""
    # TODO: divide.
    mean = x.mean(-1, keepdim=True)
    centred = x - mean
    return centred / (centred.var(-1, keepdim=True) + eps).sqrt()


def heads(x: Tensor) -> Tensor:
    """Split."""
    # TODO: split.
    return _split(x, 2)


class Block(nn.Module):
    """Norm, then a layer."""

    def __init__(self, width: int) -> None:
        # TODO: make a layer.
        super().__init__()
        self.layer = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        """Pre-norm."""
        # TODO: normalise first.
        return x + self.layer(norm(x))
'''


def mutant(theirs: str, *names: str) -> str:
    return mutated("file", "edit", SOLUTION, taken_edits(SOLUTION, theirs, names))


def test_only_the_statements_that_differ_are_replaced() -> None:
    theirs = (
        'def norm(x, eps=1e-5):\n    """Mine. – Ada"""\n    mean = x.mean(-1, keepdim=True)  # Ada\n    print("Ada")\n'
        "    y = x - mean\n    return y / y.std(-1, keepdim=True)\n"
    )
    (edit,) = taken_edits(SOLUTION, theirs, ["norm"])
    assert edit.find.startswith("    centred = x - mean\n    return centred /")
    assert edit.replace == "    y = x - mean\n    return y / y.std(-1, keepdim=True)"


def test_of_a_class_only_the_methods_that_differ_are() -> None:
    theirs = (
        "class Block(nn.Module):\n    def __init__(self, width):\n        super().__init__()\n"
        "        self.layer = nn.Linear(width, width)\n\n"
        "    def forward(self, x):\n        return norm(x + self.layer(x))\n"
    )
    (edit,) = taken_edits(SOLUTION, theirs, ["Block"])
    assert edit.find == "        return x + self.layer(norm(x))"
    assert edit.replace == "        return norm(x + self.layer(x))"


def test_what_it_uses_of_its_own_file_comes_along_and_nothing_else() -> None:
    theirs = (
        "import math, random\nfrom torch import Tensor as T\n\nEPS = 1e-3\nUNUSED = 'Ada'\n\n\ndef _root(v):\n"
        "    return math.sqrt(v + EPS)\n\n\ndef heads(x):\n    return x\n\n\n"
        "def norm(x, eps=0.0):\n    return heads(x) / _root(x.var())\n"
    )
    text = mutant(theirs, "norm")
    tree = ast.parse(text)
    assert "import math\n" in text and "EPS = 0.001\n" in text and "def _root(v):" in text
    assert text.index("EPS = 0.001") < text.index("def _root") < text.index("def norm(x, eps=0.0)")
    assert not any(word in text for word in ("random", "UNUSED", "Ada", "as T"))
    assert text.count("def heads") == 1 and "return _split(x, 2)" in text  # a part of the course is the solution's
    assert [node.name for node in tree.body if isinstance(node, ast.FunctionDef)][:3] == ["_split", "_root", "norm"]


def test_what_comes_along_leaves_the_definition_where_it_is() -> None:
    theirs = "import math\n\n\ndef heads(x):\n    return x * math.pi\n"
    head, body = taken_edits(SOLUTION, theirs, ["heads"])
    assert head.find == "def heads(x: Tensor) -> Tensor:"
    assert head.replace == "import math\n\ndef heads(x: Tensor) -> Tensor:"
    assert (body.find, body.replace) == ("    return _split(x, 2)", "    return x * math.pi")


def test_another_head_is_an_edit_of_the_head() -> None:
    head, body = taken_edits(SOLUTION, "def heads(x, n=3):\n    return x[n:]\n", ["heads"])
    assert (head.find, head.replace) == ("def heads(x: Tensor) -> Tensor:", "def heads(x, n=3):")
    assert body.replace == "    return x[n:]"


def test_methods_of_their_own_stand_above_the_first() -> None:
    theirs = (
        "class Block(nn.Module):\n    def __init__(self, width):\n        super().__init__()\n"
        "        self.layer = nn.Linear(width, width)\n\n    def inner(self, x):\n\n        return self.layer(x)\n\n"
        "    def forward(self, x):\n        return self.inner(x)\n"
    )
    edits = taken_edits(SOLUTION, theirs, ["Block"])
    assert [edit.find for edit in edits] == [
        "    def __init__(self, width: int) -> None:",
        "        return x + self.layer(norm(x))",
    ]
    block = next(node for node in ast.parse(mutant(theirs, "Block")).body if isinstance(node, ast.ClassDef))
    assert [node.name for node in block.body if isinstance(node, ast.FunctionDef)] == ["inner", "__init__", "forward"]


def test_a_class_that_is_made_otherwise_is_taken_as_a_whole() -> None:
    theirs = "class Block(nn.Module):\n    WIDTH = 3\n\n    def forward(self, x):\n        return x * self.WIDTH\n"
    (edit,) = taken_edits(SOLUTION, theirs, ["Block"])
    assert edit.find.startswith("class Block(nn.Module):") and edit.find.endswith("self.layer(norm(x))")
    assert edit.replace == ast.unparse(ast.parse(theirs))


def test_two_functions_are_two_edits_and_share_what_they_use() -> None:
    theirs = (
        "def help_me(x):\n    return x + 1\n\n\ndef norm(x, eps=1e-5):\n    return help_me(x)\n\n\n"
        "def heads(x):\n    return help_me(x)\n"
    )
    text = mutant(theirs, "norm", "heads")
    assert text.count("def help_me") == 1
    assert text.count("return help_me(x)") == 2


def test_equal_code_is_no_edit() -> None:
    assert (
        taken_edits(SOLUTION, SOLUTION.replace("# TODO: split.", "").replace("-> Tensor", ""), ["norm", "heads"]) == ()
    )


def test_what_is_not_there_cannot_be_taken() -> None:
    with pytest.raises(NotTaken, match="`norm` is not defined at the top of both files"):
        taken_edits(SOLUTION, "norm = None\n", ["norm"])


def test_what_it_uses_is_looked_at_as_well() -> None:
    theirs = "def _read():\n    return open('x').read()\n\n\ndef heads(x):\n    return _read()\n"
    with pytest.raises(NotTaken, match="`open`"):
        taken_edits(SOLUTION, theirs, ["heads"])


@pytest.mark.parametrize(("line", "owner"), [(1, ""), (7, "_split"), (16, "norm"), (31, "Block"), (500, "")])
def test_whose_a_line_is(line: int, owner: str) -> None:
    assert owner_at(SOLUTION, line) == owner


@pytest.mark.parametrize(
    ("code", "what"),
    [
        ("import os", "import os"),
        ("import torch.utils.data", "import torch.utils.data"),
        ("from sys import modules", "from sys import"),
        ("from . import x", "from None import"),
        ("from torch import load", "load"),
        ("from torch import *", "*"),
        ("from random import _os", "_os"),
        ("eval('1')", "eval"),
        ("x = getattr(torch, 'load')", "getattr"),
        ("x = __builtins__", "__builtins__"),
        ("x = torch.load('a')", "load"),
        ("x = torch.ops.aten", "ops"),
        ("x = random._os.environ", "_os"),
        ("x = (1).__class__", "__class__"),
        ("x = self.__dict__", "__dict__"),
        ("def __del__(self):\n    pass", "__del__"),
        ("def f():\n    global x\n    x = 1", "global"),
        ("torch.nn.functional.softmax = f", "torch.nn.functional.softmax ="),
        ("async def f():\n    pass", "async"),
    ],
)
def test_what_could_reach_out_is_not_trusted(code: str, what: str) -> None:
    assert distrusted(ast.parse(code)).startswith(f"their code uses `{what}`")


@pytest.mark.parametrize(
    "code",
    [
        "import math\nimport torch.nn.functional as F\nfrom ch3_attention.softmax import softmax",
        "class A(nn.Module):\n    def __init__(self):\n        super().__init__()\n        self._kept = type(self)",
        "x = torch.einsum('bqd,bkd->bqk', q, k).masked_fill(~mask, float('-inf')).softmax(-1)",
        "raise ValueError(f'{x} is too large')",
        "x = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:3]",
    ],
)
def test_what_computes_is(code: str) -> None:
    assert distrusted(ast.parse(code)) == ""
