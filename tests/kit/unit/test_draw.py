"""Seeded inputs: the same again under the same seed, and such that right and wrong differ."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from grader.protocol.values import encode
from grader.tester.draw import Draw, derive_seed


def everything(draw: Draw) -> list[Any]:
    return [
        draw.integer(3, 9),
        draw.uniform(-1, 1),
        draw.sizes(3),
        draw.choice("abc"),
        draw.shuffled([1, 2, 3, 4]),
        draw.text("ab", 9),
        draw.array(2, 3),
        draw.id_array(5, 4),
        draw.numpy_generator(),
        draw.normal(2, 3),
        draw.strided(2, 3, 4),
        draw.ids(7, 2, 2),
        draw.mask(3, 4),
        draw.generator(),
    ]


def test_the_same_seed_draws_the_same_and_another_one_does_not() -> None:
    assert encode(everything(Draw(5))) == encode(everything(Draw(5)))
    assert encode(everything(Draw(5))) != encode(everything(Draw(6)))


def test_seeds_are_derived_alike_on_every_machine() -> None:
    assert derive_seed("a", 1) == 4742018630964328543
    assert derive_seed("a", 1) != derive_seed("a1") != derive_seed("a", 2)
    assert all(0 <= derive_seed(i) < 2**63 for i in range(50))


@pytest.mark.parametrize("seed", range(20))
def test_sizes_are_different_and_within_their_bounds(seed: int) -> None:
    sizes = Draw(seed).sizes(4, 2, 5)
    assert sorted(sizes) == [2, 3, 4, 5]
    assert 3 <= Draw(seed).integer(3, 4) <= 4
    with pytest.raises(ValueError):
        Draw(seed).sizes(3, 2, 3)


def test_both_ends_of_an_integers_range_are_drawn() -> None:
    draw = Draw(1)
    assert {draw.integer(0, 2) for _ in range(60)} == {0, 1, 2}


@pytest.mark.parametrize("seed", range(20))
def test_every_row_of_a_mask_has_a_true(seed: int) -> None:
    mask = Draw(seed).mask(3, 4, 5, probability=0.1)
    assert mask.dtype == torch.bool and mask.shape == (3, 4, 5)
    assert mask.any(-1).all()
    assert not mask.all()


def test_a_strided_tensor_has_the_shape_asked_for_and_is_not_contiguous() -> None:
    x = Draw(1).strided(2, 3, 4)
    assert x.shape == (2, 3, 4) and not x.is_contiguous()
    assert x.dtype == torch.float64


def test_dtypes_scales_and_gradients_are_as_asked() -> None:
    draw = Draw(1)
    assert draw.normal(2, dtype=torch.float32).dtype == torch.float32
    assert draw.normal(2, grad=True).requires_grad and not draw.normal(2).requires_grad
    assert float(draw.normal(1000, scale=10.0).std()) == pytest.approx(10, rel=0.2)
    assert draw.array(2, dtype="float32").dtype == np.float32
    assert draw.normal().shape == () and draw.array().shape == ()


def test_ids_are_below_their_bound() -> None:
    draw = Draw(1)
    assert draw.ids(3, 100).unique().tolist() == [0, 1, 2]
    assert draw.ids(3, 2).dtype == torch.int64 and draw.id_array(3, 2).dtype == np.int64
    assert sorted(draw.shuffled([3, 1, 2])) == [1, 2, 3]
    assert set(draw.text("xy", 50)) == {"x", "y"}
