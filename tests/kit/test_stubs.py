"""Stubs are derived: what stays, what goes."""

from __future__ import annotations

import ast

from grader.course.stubs import derive_stub

SOURCE = '''"""The brief."""

import math

import torch

from ch1_x.y import z

LIMIT = 3
Q1 = "B"  # TODO: A, B, C or D
_SECRET = {"Q1": "because"}


def given(x):
    """Stays as it is."""
    return _shared(x)


def work(
    x,
    y=None,
):
    """Says all.

    >>> work(1)
    2
    """
    # TODO: first step,
    # which takes two lines.
    # TODO: second step.
    y = _only_here(x)
    # a comment about the solution
    if y:
        # TODO: inside a branch.
        return z(y)
    return 0


class Layer(torch.nn.Module):
    """A layer."""

    scale = 2

    def __init__(self, n: int) -> None:
        # TODO: make the parameters.
        super().__init__()
        self.n = n

    @property
    def given_too(self) -> int:
        """Stays."""
        return self.n

    def forward(self, x):
        """Does it."""
        # TODO: go forward.
        def inner(a):
            return a

        return inner(x)


def _shared(x):
    return x + _deeper(x)


def _deeper(x):
    return x


# What only `work` needs.
def _only_here(x):
    return _only_there(x)


def _only_there(x):
    return math.sqrt(x)
'''

STUB = '''"""The brief."""

import math

import torch

from ch1_x.y import z

LIMIT = 3
Q1 = None  # TODO: A, B, C or D


def given(x):
    """Stays as it is."""
    return _shared(x)


def work(
    x,
    y=None,
):
    """Says all.

    >>> work(1)
    2
    """
    # TODO: first step,
    # which takes two lines.
    # TODO: second step.
    # TODO: inside a branch.
    raise NotImplementedError


class Layer(torch.nn.Module):
    """A layer."""

    scale = 2

    def __init__(self, n: int) -> None:
        # TODO: make the parameters.
        raise NotImplementedError

    @property
    def given_too(self) -> int:
        """Stays."""
        return self.n

    def forward(self, x):
        """Does it."""
        # TODO: go forward.
        raise NotImplementedError


def _shared(x):
    return x + _deeper(x)


def _deeper(x):
    return x
'''


def test_work_goes_and_the_rest_stays() -> None:
    assert derive_stub(SOURCE) == STUB


def test_a_stub_is_python_and_its_own_stub() -> None:
    stub = derive_stub(SOURCE)
    ast.parse(stub)
    assert "NotImplementedError" in stub
    assert derive_stub(stub) == stub


def test_a_one_line_signature_without_docstring() -> None:
    assert derive_stub("def f(x) -> int:\n    # TODO: do it.\n    return 1\n") == (
        "def f(x) -> int:\n    # TODO: do it.\n    raise NotImplementedError\n"
    )
