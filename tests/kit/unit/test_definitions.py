"""Which definitions of a file a call can come to, and where a change lies."""

from __future__ import annotations

import ast

import pytest

from grader.course.definitions import Definitions

SOURCE = '''"""Layers."""

import torch

SIZE = 3


def gelu(x):
    return x * x


TABLE = {"gelu": gelu}


@torch.no_grad()
def apart(x):
    return x + SIZE


class Layer(torch.nn.Module):
    def forward(self, x):
        return split(x)


class Block(Layer):
    pass


def split(x):
    return inner(x)


def inner(x):
    return x - 1
'''
FOUND = Definitions(ast.parse(SOURCE))


def test_the_nearest_first() -> None:
    assert [name for name in FOUND.beneath(["Block"]) if name in FOUND.uses] == ["Layer", "split", "inner"]


@pytest.mark.parametrize(
    ("roots", "others"),
    [(["split"], {"inner"}), (["Layer"], {"split", "inner"}), (["inner"], set()), (["unknown"], set())],
)
def test_reachable(roots: list[str], others: set[str]) -> None:
    """What stands in a table at the top may be called by anyone."""
    assert FOUND.reachable(roots) == {*roots, *others, "gelu"} & set(FOUND.uses)


@pytest.mark.parametrize(
    ("find", "replace", "where"),
    [
        ("x - 1", "x - 2", "inner"),
        ("return split(x)", "return x", "Layer"),
        ("@torch.no_grad()\n", "", "apart"),
        ("SIZE = 3", "SIZE = 4", ""),
        ("    return inner(x)\n\n\ndef inner(x):\n    return x - 1\n", "    return x\n", ""),
    ],
)
def test_where_a_change_lies(find: str, replace: str, where: str) -> None:
    assert FOUND.changed_in(SOURCE, SOURCE.replace(find, replace)) == where
