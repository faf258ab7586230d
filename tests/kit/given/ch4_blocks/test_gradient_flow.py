"""The picture of the gradients, and the parts of the blocks that the stub makes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from matplotlib.figure import Figure

from ch4_blocks.gradient_flow import KINDS, PlainBlock, ResidualBlock, plot_gradient_flow


def test_each_kind_has_a_line_over_the_layers(drawn: Callable[..., Figure]) -> None:
    figure = drawn(plot_gradient_flow, {"plain": [1e-4, 1e-2, 1.0], "residual": [3.0, 2.0, 1.0]})
    (axes,) = figure.axes
    lines = {line.get_label(): line for line in axes.get_lines()}
    assert list(lines) == ["plain", "residual"]
    assert np.asarray(lines["plain"].get_xdata()).tolist() == [1, 2, 3]
    assert np.asarray(lines["plain"].get_ydata()).tolist() == [1e-4, 1e-2, 1.0]
    assert np.asarray(lines["residual"].get_ydata()).tolist() == [3.0, 2.0, 1.0]


def test_the_scale_is_logarithmic_and_everything_is_labelled(drawn: Callable[..., Figure]) -> None:
    (axes,) = drawn(plot_gradient_flow, {kind: [1.0, 2.0] for kind in KINDS}).axes
    assert (axes.get_xscale(), axes.get_yscale()) == ("linear", "log")
    assert axes.get_xlabel() == "layer (1 is the first)"
    assert axes.get_ylabel() == "gradient norm at the layer's input"
    assert "from the last layer to the first" in axes.get_title()
    legend = axes.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["plain", "residual", "post_norm", "pre_norm"]
    assert all(line.get_visible() for line in axes.get_xgridlines())


def test_a_block_has_an_attention_with_biases_and_a_network() -> None:
    block = PlainBlock(8, n_heads=2, d_ff=5)
    assert block.attention.n_heads == 2
    names = {name: tuple(p.shape) for name, p in block.named_parameters()}
    assert names["attention.q_proj.bias"] == (8,)
    assert {(5, 8), (8, 5)} <= set(names.values())
    assert list(ResidualBlock(8, 2, 5).state_dict()) == list(block.state_dict())
    assert block(torch.ones(1, 3, 8)).shape == (1, 3, 8)
