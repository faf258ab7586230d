"""What the stub gives to look at the costs: bytes that a model keeps, beside the estimate, and the picture."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from torch import Tensor, nn

from ch5_models.gpt import GPTConfig
from ch6_training.cost import (
    activation_bytes,
    attention_share,
    compare_activations,
    optimizer_bytes,
    plot_attention_share,
    saved_bytes,
)

CONFIG = GPTConfig(vocab_size=7, max_len=6, d_model=8, n_layers=2, n_heads=2, d_ff=32)


class Layer(nn.Module):
    """`function` of the ids as floats, with a weight."""

    def __init__(self, function: Callable[[Tensor, Tensor], Tensor]) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(5))
        self.function = function

    def forward(self, ids: Tensor) -> Tensor:
        return self.function(ids.float(), self.weight)


def kept_by(function: Callable[[Tensor, Tensor], Tensor], rows: int = 3) -> int:
    return saved_bytes(Layer(function), torch.ones(rows, 5, dtype=torch.int64))


def test_a_tensor_that_the_backward_pass_needs_is_counted() -> None:
    assert kept_by(lambda x, w: x * w) == 3 * 5 * 4  # x; the weight is the model's own
    assert kept_by(lambda x, w: x + w) == 0
    assert kept_by(lambda x, w: (x + w).exp()) == 3 * 5 * 4  # the result


def test_a_storage_counts_once_and_several_add_up() -> None:
    assert kept_by(lambda x, w: (x * w) + (x * w)) == 60
    assert kept_by(lambda x, w: x[:1] * w) == 60  # a view keeps the whole
    assert kept_by(lambda x, w: (x * w).exp()) == 2 * 60


def test_the_result_is_held_until_all_is_counted() -> None:
    assert kept_by(lambda x, w: (x + w).exp().exp().exp()) == 3 * 60


def test_the_estimate_stands_beside_what_is_kept() -> None:
    found = compare_activations(CONFIG, batch=3, seq=5)
    torch.manual_seed(0)
    assert list(found) == ["counted", "published", "ratio"]
    assert found["published"] == activation_bytes(CONFIG, 3, 5)
    assert found["ratio"] == found["counted"] / found["published"]
    again, larger = compare_activations(CONFIG, 3, 5), compare_activations(CONFIG, 6, 5)
    assert again == found
    assert 1.9 < larger["counted"] / found["counted"] <= 2.0
    with pytest.raises(ValueError, match="7"):
        compare_activations(CONFIG, batch=3, seq=7)


def test_a_number_takes_four_bytes_unless_told() -> None:
    assert optimizer_bytes(10) == 80


def test_the_share_is_drawn_in_percent(drawn: Callable[..., Figure]) -> None:
    figure = drawn(lambda path: plot_attention_share(CONFIG, [2, 4, 6], path))
    (axes,) = figure.axes
    (line,) = axes.get_lines()
    assert np.asarray(line.get_xdata()).tolist() == [2, 4, 6]
    assert np.asarray(line.get_ydata()).tolist() == [100 * attention_share(CONFIG, seq) for seq in (2, 4, 6)]
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "linear")
    assert axes.get_ylim() == (0, 100)
    assert axes.get_xlabel() == "context length"
    assert axes.get_ylabel() == "share of the seq² products, %"
    assert axes.get_title() == "d_model 8, 2 layers"
