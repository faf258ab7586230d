"""Arrays known again by a few of their sorted values."""

from __future__ import annotations

import numpy as np
import pytest

from grader.tester.digest import Digests, digest_of

X = np.random.default_rng(1).normal(size=(3, 4, 5))


def known_by(*arrays: np.ndarray) -> Digests:
    return Digests(digest for digest in map(digest_of, arrays) if digest is not None)


def test_in_whatever_order() -> None:
    known = known_by(X)
    assert known.has(X) and known.has(X.transpose(2, 0, 1)) and known.has(X.reshape(12, 5)[::-1])
    assert known.has(X.astype(np.float32).astype(np.float64))


@pytest.mark.parametrize("other", [X * 1.01, X + 0.01, -X, np.exp(X), X[:, :, :4], np.full(X.shape, np.nan)])
def test_not_another_one(other: np.ndarray) -> None:
    assert not known_by(X).has(other)


def test_a_mask_is_known_where_it_stands() -> None:
    mask = X > 0.3
    assert known_by(mask).has(mask) and known_by(mask).has(mask[:, None])
    assert not known_by(mask).has(~mask)
    assert not known_by(mask).has(mask[::-1])
    assert not known_by(mask).has(mask.astype(np.int64))


def test_values_in_a_row_say_nothing_of_axes() -> None:
    assert not known_by(X.reshape(-1)).has(X)
    assert known_by(X.reshape(-1)).has(X.reshape(-1))


def test_what_is_found_anywhere_is_not_kept() -> None:
    assert digest_of(np.ones(3)) is None
    assert digest_of(np.array(["a"] * 9)) is None


def test_numbers_that_are_not_finite() -> None:
    holes = np.where(X > 1, -np.inf, X)
    assert known_by(holes).has(holes)
    assert not known_by(holes).has(X)
