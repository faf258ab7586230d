"""What a source file promises: the kinds of its results, its parameters, and their shapes."""

from __future__ import annotations

import collections
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from grader.tester.contract import Contract, complaint_text, parsed, read_contract

T, N = torch.ones(2), np.ones(2)
IDS, MASK = torch.ones(2, dtype=torch.int64), torch.ones(2, dtype=torch.bool)


def contract_of(tmp_path: Path, source: str) -> Contract:
    path = tmp_path / "file.py"
    path.write_text(source, encoding="utf-8")
    return read_contract(str(path))


@pytest.mark.parametrize(
    ("annotation", "right", "wrong", "complaint"),
    [
        ('Float[Tensor, "n"]', [T, T.double(), T.bfloat16(), T.to(torch.complex64)], [IDS, MASK, N, 1.0, None, [1.0]],
            "a floating-point tensor"),
        ('Int[Tensor, "n"]', [IDS, IDS.to(torch.uint8)], [T, MASK, np.ones(2, dtype=int)], "an integer tensor"),
        ('Real[Tensor, "n"]', [T, IDS], [MASK, T.to(torch.complex64)], "a real tensor"),
        ('Bool[Tensor, "n"]', [MASK], [T, IDS], "a boolean tensor"),
        ('Shaped[Tensor, "n"]', [T, IDS, MASK], [N, None], "a tensor"),
        ('Float[np.ndarray, "n"]', [N], [T, N.astype(int), N > 0, 1.0], "a floating-point NumPy array"),
        ('Int[np.ndarray, "n"]', [N.astype(int), N.astype(np.uint8)], [N, N > 0], "an integer NumPy array"),
        ('Real[np.ndarray, "n"]', [N, N.astype(int)], [N > 0, N.astype(complex), [1.0]], "a real NumPy array"),
        ('Bool[np.ndarray, "n"]', [N > 0], [N], "a boolean NumPy array"),
        ("Tensor", [T, MASK], [N, 1.0], "a tensor"),
        ("torch.Tensor", [T], [None], "a tensor"),
        ("np.ndarray", [N], [T, [1.0]], "a NumPy array"),
        ("float", [1.0, 1, np.float32(1)], [True, "1", T], "a number"),
        ("int", [1, np.int64(1)], [1.0, True, "1"], "a whole number"),
        ("bool", [True, np.bool_(False)], [1, None], "True or False"),
        ("str", ["a"], [b"a", 1], "a string"),
        ("list[int]", [[1]], [(1,), T], "a list"),
        ("list", [[1]], [None], "a list"),
        ("dict[str, int]", [{"a": 1}], [[("a", 1)]], "a dict"),
        ("Counter[str]", [collections.Counter("a")], [{"a": 1}], "a Counter"),
        ("tuple", [(1,)], [[1]], "a tuple"),
        ("tuple[int, ...]", [(1, 2), [1]], [1], "a tuple"),
        ("tuple[int, str]", [(1, "a"), [1, "a"]], [(1,), (1, "a", 2), 1], "a tuple of 2 values"),
        ("tuple[int, str]", [], [(1, 2)], "a string at place 1 of the tuple"),
        ("tuple[int, tuple[int, str]]", [(1, (2, "a"))], [(1, (2, 3))],
            "a string at place 1 of the tuple at place 1 of the tuple"),
        ("None", [None], [0, T], "None"),
        ("int | None", [1, None], ["a", 1.5], "a whole number or None"),
        ('Float[Tensor, "n"] | Float[np.ndarray, "n"]', [T, N], [1.0],
            "a floating-point tensor or a floating-point NumPy array"),
        ("int | Unknown", ["anything"], [], ""),
        ('"Layer"', [None, 1], [], ""),
        ("Layer", [None, T], [], ""),
        ("Callable[[int], int]", [None], [], ""),
        ('Float[Other, "n"]', [None], [], ""),
    ],
)  # fmt: skip
def test_a_result_of_another_kind_is_complained_of(
    tmp_path: Path, annotation: str, right: list[Any], wrong: list[Any], complaint: str
) -> None:
    contract = contract_of(tmp_path, f"def f(x) -> {annotation}:\n    pass\n")
    assert [contract.complaint("f", value) for value in right] == [None] * len(right)
    assert [contract.complaint("f", value) for value in wrong] == [complaint] * len(wrong)


CLASSES = """
import torch

def free(a, b: Float[Tensor, "batch seq"], /, c=1, *rest, d: Int[np.ndarray, "n"] = None, **more) -> int: ...
def silent(a): ...

class Layer:
    size = 3

    def __init__(self, d_model: int) -> None: ...
    def forward(self, x: Float[Tensor, "batch d"], y: Float[Tensor, ...], z: "text") -> Float[Tensor, "batch d"]: ...
    @staticmethod
    def made(n: int) -> str: ...
    @classmethod
    def other(cls, n: int) -> str: ...
"""


def test_parameters_shapes_and_results_of_functions_and_methods(tmp_path: Path) -> None:
    contract = contract_of(tmp_path, CLASSES)
    assert contract.parameters == {
        "free": ("a", "b", "c"),
        "silent": ("a",),
        "Layer.__init__": ("d_model",),
        "Layer.forward": ("x", "y", "z"),
        "Layer.made": ("n",),
        "Layer.other": ("n",),
    }
    assert contract.shapes["free"] == {"b": "batch seq", "d": "n"}
    assert contract.complaint("Layer.made", 1) == "a string"
    assert contract.complaint("Layer.forward", 1) == "a floating-point tensor"
    assert contract.complaint("silent", 1) is None
    assert contract.complaint("Layer.size", 1) is None


def test_a_shape_is_text_and_nothing_else(tmp_path: Path) -> None:
    """`...` says that any shape is right: it is not the name of an axis."""
    assert contract_of(tmp_path, CLASSES).shapes["Layer.forward"] == {"x": "batch d"}


@pytest.mark.parametrize(
    "source", ["def f(:\n", "x = '\n", "(" * 500 + ")" * 500, "\0"], ids=["syntax", "text", "deep", "null"]
)
def test_a_file_that_does_not_parse_promises_nothing(tmp_path: Path, source: str) -> None:
    assert contract_of(tmp_path, source) == Contract()


def test_a_file_that_cannot_be_read_promises_nothing(tmp_path: Path) -> None:
    assert parsed(str(tmp_path / "none.py")) is None
    assert parsed(str(tmp_path)) is None
    (tmp_path / "latin.py").write_bytes(b"x = '\xe9'\n")
    assert parsed(str(tmp_path / "latin.py")) is None


def test_the_sentence_names_both_kinds() -> None:
    assert complaint_text("a tensor", [1, 2]) == "expected a tensor, got [1, 2]"
    assert complaint_text("a tensor", (T, 1)) == "expected a tensor, got (tensor float32 (2,), 1)"
