"""Arguments replaced by others that are as good."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from grader.tester.variations import Kind, variations


def changed(name: str, arguments: dict[str, Any]) -> list[Any]:
    return [new[name] for change, new in variations(arguments) if change.names == (name,)]


def test_whole_numbers_and_truth_values_have_neighbours() -> None:
    found = [(c.was, c.now, c.needed) for c, _ in variations({"k": 3, "causal": True}) if c.kind is Kind.NEXT]
    assert found == [("3", "4", 3), ("3", "2", 3), ("True", "False", 1)]


@pytest.mark.parametrize(("name", "value"), [("stop_id", 3), ("ignore_index", 3), ("seed", 3)])
def test_numbers_that_are_no_sizes_have_no_neighbours(name: str, value: int) -> None:
    found = [change for change, _ in variations({name: value})]
    assert found and all(change.kind is Kind.OTHER for change in found)
    assert len(set(found)) == len(found)


def test_nothing_negative_is_next_to_zero() -> None:
    assert [(c.now, c.kind) for c, _ in variations({"k": 0})][:2] == [("1", Kind.NEXT), ("-1", Kind.OTHER)]


def test_whole_numbers_have_others_that_are_not_near() -> None:
    assert changed("k", {"k": 8}) == [9, 7, 16, 4, 13]
    assert changed("k", {"k": 0}) == [1, -1, 5]


def test_ids_stay_valid_ids() -> None:
    ids = torch.tensor([[3, 1, 4], [1, 5, 9]])
    found = changed("ids", {"ids": ids})
    assert found and all(sorted(new.flatten().tolist()) == sorted(ids.flatten().tolist()) for new in found)
    assert all(new.dtype == torch.int64 and new.shape == (2, 3) for new in found)


def test_floats_stay_in_their_form_and_dtype() -> None:
    found = changed("x", {"x": np.ones((2, 3), dtype=np.float32) * np.arange(3, dtype=np.float32)})
    assert len(found) == 3
    assert all(type(new) is np.ndarray and new.dtype == np.float32 and new.shape == (2, 3) for new in found)
    assert all(0 < p < 1 and p != 0.9 for p in changed("p", {"p": 0.9}))
    assert changed("scale", {"scale": 2.0}) == [1.0, 1.5, 3.0, 8.0]


def test_infinite_entries_only_change_places() -> None:
    x = np.array([0.0, -np.inf, 1.0])
    assert all(sorted(new) == sorted(x) for new in changed("x", {"x": x}))


def test_generators_get_another_state() -> None:
    generator = torch.Generator().manual_seed(3)
    assert all(new.get_state().ne(generator.get_state()).any() for new in changed("g", {"g": generator}))
    assert len(changed("g", {"g": np.random.default_rng(3)})) == 2


def test_arguments_of_one_form_are_exchanged() -> None:
    q, k, v = torch.ones(2, 3), torch.zeros(2, 3), torch.zeros(2, 4)
    pairs = [change.names for change, _ in variations({"q": q, "k": k, "v": v}) if change.kind is Kind.EXCHANGED]
    assert pairs == [("q", "k")]
    assert not any(change.kind is Kind.EXCHANGED for change, _ in variations({"q": q, "k": q.clone()}))


def test_what_has_no_other_value_is_left_alone() -> None:
    arguments = {
        "x": np.zeros(0),
        "text": "a tale",
        "none": None,
        "f": abs,
        "same": np.zeros(3, dtype=int),
        "zero": 0.0,
    }
    assert list(variations(arguments)) == []
    assert list(variations({"argument 2": 5})) == []
