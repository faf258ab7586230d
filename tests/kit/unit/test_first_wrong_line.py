"""The first line whose value is none of the reference's: found where it can be told, and else nothing."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from grader.tester.first_wrong_line import Found, Known, bounds_of, first_wrong_line, is_rearranged
from grader.worker.line_trace import MOST_BOUND, LineTrace

Q, K, V = (torch.randn(2, n, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(n)) for n in (3, 5, 5))
SCORES = Q @ K.transpose(-2, -1)
RIGHT = [SCORES, SCORES / 2, (SCORES / 2).softmax(-1), (SCORES / 2).softmax(-1) @ V]


def found_in(tmp_path: Path, body: str, right: list[torch.Tensor] = RIGHT) -> Found | None:
    """`attention` with this body, followed as a worker follows it."""
    path = tmp_path / "attention.py"
    source = "import torch\n\n\ndef attention(q, k, v):\n" + textwrap.indent(textwrap.dedent(body).strip(), "    ")
    path.write_text(source + "\n", encoding="utf-8")
    names: dict[str, Any] = {}
    exec(compile(source, str(path), "exec"), names)  # as an import does, without leaving a module behind
    trace = LineTrace(lambda file: file == str(path))
    attention: Callable[..., Any] = names["attention"]
    with trace.following():
        attention(Q, K, V)
    bound = bounds_of(trace.bound, str(path))
    known, inputs = Known(t.numpy() for t in right), Known(t.numpy() for t in (Q, K, V))
    return first_wrong_line(bound, ast.parse(source), known, inputs)


def test_the_line_after_the_last_right_one(tmp_path: Path) -> None:
    body = """
        s = q @ k.mT
        w = s.softmax(-1)
        return w @ v
    """
    assert found_in(tmp_path, body) == Found(6, "w", 5)


def test_another_way_that_comes_back_is_none(tmp_path: Path) -> None:
    """The queries are divided before the product: no value of the reference's, and its result is one."""
    body = """
        scaled = q / 2
        s = scaled @ k.transpose(1, 2)
        w = s.softmax(1)
        return w @ v
    """
    assert found_in(tmp_path, body) == Found(7, "w", 6)


def test_values_may_have_their_axes_in_another_order(tmp_path: Path) -> None:
    body = """
        s = (k @ q.mT) / 2
        w = (s.softmax(-2)).mT
        out = w @ v
        return 2 * out
    """
    assert found_in(tmp_path, body) == Found(8, "return", 7)


def test_a_line_that_changes_in_place(tmp_path: Path) -> None:
    body = """
        s = q @ k.mT
        s /= 4
        w = s.softmax(-1)
        return w @ v
    """
    assert found_in(tmp_path, body) == Found(6, "s", 5)


def test_right_lines_beside_a_wrong_one_save_nothing(tmp_path: Path) -> None:
    body = """
        s = q @ k.mT
        w = s.softmax(-1)
        values = v.clone()
        return w @ values
    """
    assert found_in(tmp_path, body) == Found(6, "w", 5)


@pytest.mark.parametrize(
    "body",
    ["return (q @ k.mT).softmax(-1) @ v", "s = q @ k.mT / 4\nreturn s.softmax(-1) @ v"],
    ids=["one line", "no line before it is right"],
)
def test_where_no_line_before_is_right_nothing_is_said(tmp_path: Path, body: str) -> None:
    assert found_in(tmp_path, body) is None


def test_a_wrong_value_that_is_made_of_nothing_known_comes_before_all_lines(tmp_path: Path) -> None:
    """Angles whose positions were rounded: the line that takes other powers is not to blame."""
    body = """
        positions = torch.arange(8.0) + 0.25
        s = q @ k.mT
        w = s.exp()
        return (w @ v) * positions.sum()
    """
    assert found_in(tmp_path, body) is None


def test_a_line_that_draws_is_not_to_blame(tmp_path: Path) -> None:
    """Its numbers are others because fewer were drawn before."""
    body = """
        s = q @ k.mT
        kept = s * (torch.rand(s.shape) > 0.5)
        return kept.softmax(-1) @ v
    """
    assert found_in(tmp_path, body) is None


def test_a_reshape_is_no_exchange_of_axes(tmp_path: Path) -> None:
    """The same values in the order of another shape: the line that cuts them wrongly is not taken for right."""
    body = """
        s = q @ k.mT
        turned = v.reshape(2, 4, 5)
        w = (s / 2).softmax(-1)
        return w @ turned.mT
    """
    assert found_in(tmp_path, body) == Found(6, "turned", 5)


def test_the_right_values_under_another_name_are_in_doubt(tmp_path: Path) -> None:
    """Keys that are made like the queries: no line after them is to blame."""
    body = """
        queries = q * 3
        keys = q * 3
        s = queries @ keys.mT
        return s.softmax(-1) @ v[:, :3]
    """
    assert found_in(tmp_path, body, [Q * 3, K * 3, Q @ K.mT * 9]) is None


def test_where_all_is_right_nothing_is_said(tmp_path: Path) -> None:
    assert found_in(tmp_path, "s = q @ k.mT / 2\nw = s.softmax(-1)\nout = w @ v\nreturn out") is None


def test_values_that_may_agree_with_anything_are_no_ground(tmp_path: Path) -> None:
    body = """
        ones = torch.ones(4)
        s = q @ k.mT
        few = s[0, 0, :3]
        w = s.softmax(-1)
        return w @ v
    """
    assert found_in(tmp_path, body) == Found(8, "w", 6)


@pytest.mark.parametrize(
    ("shape", "order", "joined", "same"),
    [
        ((2, 3, 4), (0, 1, 2), (2, 3, 4), True),
        ((2, 3, 4), (0, 2, 1), (2, 4, 3), True),
        ((2, 3, 4), (0, 1, 2), (2, 4, 3), False),
        ((2, 3, 4), (0, 1, 2), (6, 4), True),
        ((2, 3, 4), (0, 2, 1), (8, 3), True),
        ((2, 3, 4), (0, 1, 2), (8, 3), False),
        ((2, 3, 4), (2, 0, 1), (4, 1, 6), True),
        ((2, 3, 4), (0, 1, 2), (24,), True),
        ((6, 4), (0, 1), (2, 3, 4), True),
        ((6, 4), (0, 1), (2, 4, 3), False),
    ],
)
def test_axes_may_change_places_and_be_joined_and_nothing_else(
    shape: tuple[int, ...], order: tuple[int, ...], joined: tuple[int, ...], same: bool
) -> None:
    a = np.random.default_rng(1).normal(size=shape)
    assert is_rearranged(a, a.transpose(order).reshape(joined)) is same


def test_all_values_in_a_row_are_no_ground_for_an_order_of_axes() -> None:
    known = Known([np.arange(24.0)])
    assert known.has(np.arange(24.0))
    assert not known.has(np.arange(24.0).reshape(4, 6))


def test_a_mask_that_the_reference_has_not_is_why_a_later_line_differs(tmp_path: Path) -> None:
    body = """
        hidden = torch.ones(3, 5, dtype=torch.bool).tril()
        s = q @ k.mT
        s = s.masked_fill(hidden, -1e9)
        return s.softmax(-1) @ v
    """
    assert found_in(tmp_path, body) is None


def test_what_the_worker_says_is_a_claim() -> None:
    """Anything but lines as they are noted is left out."""
    good = ["a.py", 3, "f", 1, "x", torch.ones(2)]
    bad: list[Any] = [None, good[:5], ["b.py", *good[1:]], ["a.py", "3", *good[2:]], [*good[:5], "text"], 7]
    assert [item.line for item in bounds_of([good, *bad], "a.py")] == [3]
    assert bounds_of("no list", "a.py") == []


def test_a_trace_is_bounded(tmp_path: Path) -> None:
    trace = LineTrace(lambda file: file == __file__)

    def many() -> None:
        for number in range(1000):
            x = torch.full((2,), float(number))
        assert x is not None

    with trace.following():
        many()
    assert len(trace.bound) == MOST_BOUND


def test_large_values_and_others_are_not_copied() -> None:
    trace = LineTrace(lambda file: file == __file__)

    def mixed() -> None:
        large = torch.zeros(100, 100)
        text, small = "x", np.zeros(3)
        assert len(text) == len(large.shape) - 1 == len(small) - 2

    with trace.following():
        mixed()
    assert [item[4] for item in trace.bound] == ["small"]


CALLED = """
    def share(x):
        y = x.exp() * 1.5
        return y / y.sum(-1, keepdim=True)
    scores = q @ k.mT
    small = scores / 2
    weights = share(small) * 2
    return weights @ v
"""


def test_what_a_called_function_gave_back_is_that_functions_fault(tmp_path: Path) -> None:
    body = CALLED.replace("share(small) * 2", "share(small).flip(0)").replace(
        "y.sum(-1, keepdim=True)", "(y.sum(-1, keepdim=True) + 1)"
    )
    assert found_in(tmp_path, body.replace(".flip(0)", "")) is None


def test_a_mask_the_other_way_round_leaves_the_line_open(tmp_path: Path) -> None:
    """It may be what is wrong, or this code's own way to write it."""
    mask = torch.ones(3, 5, dtype=torch.bool).tril()
    hidden = (SCORES / 2).masked_fill(~mask, -9.0)
    right = [SCORES, SCORES / 2, mask, hidden, hidden.softmax(-1), hidden.softmax(-1) @ V]
    body = """
        scores = q @ k.mT
        small = scores / 2
        mask = {mask}
        hidden = small.masked_fill(~mask, -9.0)
        return hidden.softmax(-1) @ v
    """
    seen = "torch.ones(3, 5, dtype=torch.bool).tril()"
    assert found_in(tmp_path, body.format(mask=f"~{seen}"), right) is None
    wrong = found_in(tmp_path, body.format(mask=seen).replace("softmax(-1) @", "softmax(-1) ** 2 @"), right)
    assert wrong is not None
