"""Large arrays in a few numbers: the same array is found again, another one is not."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from grader.protocol import values
from grader.protocol.results import Call
from grader.tester.compare import in_short, values_match
from grader.tester.condensed import KEPT, MOST_WHOLE, STEP, condensed, packed, unpacked
from grader.tester.recording import RecordedFailure, ValuePool, entries_of, recorded_entries
from grader.tester.transcript import Entry

SIZES = (MOST_WHOLE + 1, 1024, 5003, 40_000)


def noisy(x: torch.Tensor, share: float) -> torch.Tensor:
    return x * (1 + share * torch.randn(x.shape, generator=torch.Generator().manual_seed(3)))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_rounding_makes_no_other_array(size: int, dtype: torch.dtype) -> None:
    x = torch.randn(size, generator=torch.Generator().manual_seed(size)).to(dtype)
    share = 1e-7 if dtype is torch.float64 else 1e-6
    assert values_match(in_short(x), noisy(x, share))
    assert values_match(noisy(x, share), in_short(x))


@pytest.mark.parametrize("size", SIZES)
def test_one_value_in_it_makes_another(size: int) -> None:
    """Wherever it stands: also where no value of its own is kept."""
    x = torch.randn(size, generator=torch.Generator().manual_seed(size), dtype=torch.float64)
    kept = {number * STEP % size for number in range(KEPT)}
    for place in (0, size // 2, size - 1, next(place for place in range(size) if place not in kept)):
        other = x.clone()
        other[place] += 0.5
        assert not values_match(in_short(x), other), place


def test_ids_and_masks() -> None:
    ids = torch.randint(0, 50, (20, 30), generator=torch.Generator().manual_seed(1))
    mask = ids > 20
    assert values_match(in_short(ids), ids) and values_match(in_short(mask), mask)
    other, turned = ids.clone(), mask.clone()
    other[3, 7] += 1
    turned[19, 29] = ~turned[19, 29]
    assert not values_match(in_short(ids), other)
    assert not values_match(in_short(mask), turned)


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf")])
def test_what_is_not_finite(number: float) -> None:
    x = torch.randn(30, 40, generator=torch.Generator().manual_seed(1))
    x[3, 4] = number
    other = x.clone()
    other[3, 4], other[3, 5] = x[3, 5], number
    assert values_match(in_short(x), x)
    assert not values_match(in_short(x), other)
    assert not values_match(in_short(x), torch.nan_to_num(x))


def test_shape_and_dtype_count() -> None:
    x = torch.randn(20, 30)
    assert not values_match(in_short(x), x.reshape(30, 20))
    assert not values_match(in_short(x), x.double())
    assert not values_match(in_short(x), x.reshape(30, 20).T.reshape(20, 30) * 1.01)
    assert not values_match(in_short(x), 3.0)


def test_small_arrays_stay_whole() -> None:
    assert in_short(torch.zeros(MOST_WHOLE)) is None
    assert in_short([0.0] * 1000) is None


def test_packed_and_unpacked() -> None:
    for array in (np.random.default_rng(1).normal(size=400) * 1e200, np.arange(500), np.arange(300) % 2 == 0):
        one = condensed(array, str(array.dtype))
        again = unpacked(packed(one))
        assert (again.dtype, again.shape, again.length) == (one.dtype, one.shape, one.length)
        assert np.array_equal(again.values, one.values) and np.array_equal(again.sums, one.sums)


def test_a_transcript_keeps_them() -> None:
    x = torch.randn(40, 50)
    pool = ValuePool()
    entries = recorded_entries([Entry("f", Call("f"), (x, [x.int()])), Entry("g", Call("g"), torch.ones(3))], pool)
    assert sum(map(len, pool.values)) < 3000 < len(values.encode(x))
    first, second = entries_of(RecordedFailure("", entries), pool.values, None)  # type: ignore[arg-type]  # no handles
    assert values_match(first.value, (x, [x.int()]))
    assert not values_match(first.value, (x, [x.int() + 1]))
    assert values_match(second.value, torch.ones(3))
