"""The pictures of attention and of positions: every number where it belongs."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from ch3_attention.masks import causal_mask
from ch4_blocks.blocks import PreNormBlock
from ch5_models.gpt import GPT, GPTConfig
from ch7_inference.generate import plot_attention, plot_positions

TOKENS = ["a", "b", "c", "d"]
IDS = torch.tensor([[3, 1, 4, 1]])


def stirred(n_layers: int = 3, n_heads: int = 2) -> GPT:
    """A model whose heads differ and look at different places."""
    torch.manual_seed(0)
    model = GPT(GPTConfig(5, 6, d_model=8, n_layers=n_layers, n_heads=n_heads, d_ff=16))
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.7)
    return model


def drawn_weights(model: GPT, drawn: Callable[..., Figure]) -> list[Axes]:
    return drawn(plot_attention, model, IDS, TOKENS).axes


def test_each_head_of_each_layer_is_drawn_with_its_weights(drawn: Callable[..., Figure]) -> None:
    model = stirred()
    axes = drawn_weights(model, drawn)
    x = model.position_embedding(model.token_embedding(IDS))
    expected: list[Tensor] = []
    for block in model.blocks:
        assert isinstance(block, PreNormBlock)
        expected += block.attention.attention_weights(block.norm1(x), mask=causal_mask(4))[0].detach().unbind()
        x = block(x, causal_mask(4))
    assert len(axes) == 6
    for panel, weights in zip(axes, expected, strict=True):
        (image,) = panel.get_images()
        np.testing.assert_allclose(np.asarray(image.get_array()), weights.numpy(), rtol=1e-4, atol=1e-6)
        assert image.get_clim() == (0, 1)


def test_rows_are_layers_and_columns_heads(drawn: Callable[..., Figure]) -> None:
    axes = drawn_weights(stirred(), drawn)
    assert [panel.get_title() for panel in axes] == [f"layer {i}, head {j}" for i in (1, 2, 3) for j in (1, 2)]
    places = [panel.get_subplotspec() for panel in axes]
    shape = [place.get_gridspec().get_geometry() for place in places if place is not None]
    assert shape == [(3, 2)] * 6


def test_every_token_is_labelled(drawn: Callable[..., Figure]) -> None:
    for panel in drawn_weights(stirred(), drawn):
        assert [label.get_text() for label in panel.get_xticklabels()] == TOKENS
        assert [label.get_text() for label in panel.get_yticklabels()] == TOKENS
        assert list(panel.get_xticks()) == list(panel.get_yticks()) == [0, 1, 2, 3]


def test_a_model_of_one_head_is_drawn_too(drawn: Callable[..., Figure]) -> None:
    assert len(drawn_weights(stirred(1, 1), drawn)) == 1


def test_a_text_of_one_token_has_the_same_scale(drawn: Callable[..., Figure]) -> None:
    panel = drawn(plot_attention, stirred(1, 1), IDS[:, :1], TOKENS[:1]).axes[0]
    assert panel.get_images()[0].get_clim() == (0, 1)


@pytest.mark.parametrize("sign", [1, -1])
def test_positions_and_their_cosines(drawn: Callable[..., Figure], sign: int) -> None:
    table = (sign * torch.tensor([[0.3, 0.4], [0.0, -9.0], [0.0, 0.0]])).requires_grad_()
    numbers, cosines = [panel for panel in drawn(plot_positions, table).axes if panel.get_title()]
    (image,) = numbers.get_images()
    np.testing.assert_array_equal(np.asarray(image.get_array()), table.detach().numpy())
    assert image.get_clim() == (-9, 9)
    (image,) = cosines.get_images()
    expected = np.array([[1, -0.8, 0], [-0.8, 1, 0], [0, 0, 0]])
    np.testing.assert_allclose(np.asarray(image.get_array()), expected, atol=1e-7)  # the table is float32
    assert image.get_clim() == (-1, 1)


def test_the_two_pictures_are_labelled_and_have_their_scales(drawn: Callable[..., Figure]) -> None:
    axes = drawn(plot_positions, torch.eye(3, 4)).axes
    numbers, cosines = [panel for panel in axes if panel.get_title()]
    assert (numbers.get_title(), numbers.get_xlabel(), numbers.get_ylabel()) == ("the table", "dimension", "position")
    assert (cosines.get_title(), cosines.get_xlabel()) == ("cosine of two positions", "position")
    assert cosines.get_ylabel() == "position"
    assert len(axes) == 4  # each with a scale
    assert numbers.get_position().x1 < cosines.get_position().x0, "they stand side by side"
