"""`in_mode`: the mode inside the `with` block, and each part's own mode after it."""

from __future__ import annotations

import pytest
from torch import nn

from ch4_blocks.blocks import PreNormBlock, in_mode


@pytest.fixture
def model() -> nn.Sequential:
    """Two blocks of which one is in eval mode, and in it a part that is not."""
    mixed = PreNormBlock(4, 2, 6)
    mixed.eval()
    mixed.dropout.train()
    return nn.Sequential(PreNormBlock(4, 2, 6), mixed)


@pytest.mark.parametrize("training", [True, False])
def test_every_part_is_in_the_mode(model: nn.Sequential, training: bool) -> None:
    with in_mode(model, training):
        assert {module.training for module in model.modules()} == {training}


@pytest.mark.parametrize("training", [True, False])
def test_afterwards_each_part_has_its_own_mode_again(model: nn.Sequential, training: bool) -> None:
    before = [module.training for module in model.modules()]
    with in_mode(model, training):
        pass
    assert [module.training for module in model.modules()] == before
    assert set(before) == {True, False}


def test_an_error_inside_gives_the_modes_back_too(model: nn.Sequential) -> None:
    before = [module.training for module in model.modules()]
    with pytest.raises(KeyError), in_mode(model, training=False):
        raise KeyError("inside")
    assert [module.training for module in model.modules()] == before


def test_modes_inside_one_another(model: nn.Sequential) -> None:
    with in_mode(model, training=False), in_mode(model, training=True):
        assert model.training
    assert model.training
    assert not model[1].training
