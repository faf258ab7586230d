"""Values at the edge of what crosses; `test_wire` has the rest."""

from __future__ import annotations

import pathlib

import numpy as np
import pytest
import torch

from grader.protocol.describe import describe
from grader.protocol.values import decode, encode
from grader.protocol.wire import MAX_DIGITS, OnePass, Unsendable
from grader.tester.proxies import Student
from unit.fakes import local_peer


@pytest.mark.parametrize("sign", [1, -1])
def test_a_whole_number_has_up_to_four_thousand_digits(sign: int) -> None:
    largest = sign * (10 ** (MAX_DIGITS - 1))
    assert decode(encode(largest)) == largest
    for value in (sign * 10**MAX_DIGITS, sign * 10**9999):
        assert isinstance(decode(encode(value)), Unsendable)


@pytest.mark.parametrize("sign", [1, -1])
def test_whatever_is_written_can_be_read(sign: int) -> None:
    for bits in range(13_270, 13_295):
        for value in (sign * 2**bits, sign * (2**bits - 1)):
            found = decode(encode(value))
            assert found == value or isinstance(found, Unsendable)


def test_text_of_any_language_crosses_and_half_a_character_does_not() -> None:
    for text in ("", "plain", "ü", "🤗", "a\x00b"):
        assert decode(encode(text)) == text
    for broken in ("\ud83e", "a\udcffb"):
        assert isinstance(decode(encode(broken)), Unsendable)
        assert isinstance(decode(encode(pathlib.Path(broken))), Unsendable)
        found = decode(encode({"key": [broken, 1]}))
        assert isinstance(found["key"][0], Unsendable) and found["key"][1] == 1


@pytest.mark.parametrize("value", [np.datetime64("2020-01-01"), np.timedelta64(3, "s"), np.str_("a"), np.void(b"a")])
def test_a_scalar_of_numpy_that_cannot_cross_is_described(value: np.generic) -> None:
    """It was sent as a number without a size, and the learner read of a missing argument of the reader's."""
    assert isinstance(decode(encode(value)), Unsendable)


def test_an_iterator_arrives_as_one() -> None:
    """What goes through it a second time finds nothing: a list would hide that."""
    came = decode(encode(OnePass([1, "a", None])), None)
    assert [*came] == [1, "a", None]
    assert [*came] == []
    assert describe(OnePass([3])) == "an iterator over 1 value"


def test_a_suite_passes_iterators_on() -> None:
    peer, _ = local_peer(twice=lambda items, more: (list(items), list(items), list(more)))
    student = Student(peer)
    assert student.twice(iter([1, 2]), more=(n for n in (3,))) == ([1, 2], [], [3])
    assert peer.transcript.last_call is not None
    assert peer.transcript.last_call.arguments[0][1] == "an iterator over 2 values"


def test_a_tensor_inside_a_transform_of_torch_is_sent_as_its_values() -> None:
    """A hook of ours is called there where a right answer measures gradients by `torch.func.vjp`."""
    x = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    came: list[torch.Tensor] = []

    def seen(item: torch.Tensor) -> torch.Tensor:
        came.extend(decode(encode(value)) for value in (item, item.T, 2 * item))
        return item.sum()

    torch.func.grad(seen)(x)
    torch.func.grad(lambda outer: torch.func.grad(seen)(outer).sum())(x)
    for found, wanted in zip(came, [x, x.T, 2 * x] * 2, strict=True):
        assert found.tolist() == wanted.tolist()
