"""The small BERT and its training, which the stub gives."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from ch5_models import contextual
from ch5_models.bert import BERT, BERTConfig, mask_tokens
from ch5_models.contextual import sense_separation, small_bert, train_masked

SENTENCES = [[1, 2, 3, 4, 5], [2, 3], [4, 5, 6]]
MASK_ID = 9


def new_model(dropout: float = 0.0) -> BERT:
    torch.manual_seed(0)
    return BERT(BERTConfig(10, 6, d_model=8, n_layers=1, n_heads=2, d_ff=16, dropout=dropout))


def train(model: BERT, steps: int = 3, batch_size: int = 4, lr: float = 1e-2, seed: int = 1) -> list[float]:
    return train_masked(model, SENTENCES, MASK_ID, steps, batch_size, lr, torch.Generator().manual_seed(seed))


def test_the_small_model_is_small() -> None:
    model = small_bert(11, 7, dropout=0.25)
    assert model.config == BERTConfig(11, 7, d_model=64, n_layers=2, n_heads=4, d_ff=128, dropout=0.25)
    assert small_bert(11, 7).config.dropout == 0.0


def by_hand(model: BERT, steps: int, batch_size: int, lr: float, seed: int) -> list[float]:
    """The same in other words: sentences padded with the mask's id, 15 % of the tokens hidden, Adam."""
    generator = torch.Generator().manual_seed(seed)
    table = torch.tensor([sentence + [MASK_ID] * (5 - len(sentence)) for sentence in SENTENCES])
    lengths = torch.tensor([5, 2, 3])
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    losses = []
    for _ in range(steps):
        rows = torch.randint(3, (batch_size,), generator=generator)
        inputs, labels = mask_tokens(table[rows], MASK_ID, 10, [MASK_ID], 0.15, generator)
        scores = model.mlm_logits(model(inputs, lengths=lengths[rows])).log_softmax(-1)
        hidden = labels != -100
        loss = -scores[hidden].gather(1, labels[hidden][:, None]).mean()
        model.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # untyped in torch
        optimizer.step()
        losses.append(loss.item())
    return losses


@pytest.mark.parametrize("batch_size", [1, 4, 40])
def test_a_step_is_adam_on_the_hidden_tokens(batch_size: int) -> None:
    one, other = new_model(), new_model()
    losses = train(one, 4, batch_size)
    expected = by_hand(other, 4, batch_size, 1e-2, 1)
    torch.testing.assert_close(torch.tensor(losses), torch.tensor(expected), equal_nan=True)
    for p, q in zip(one.parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(p, q, equal_nan=True)


def test_what_is_hidden_is_asked_for_in_this_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """The special id is the mask's, the share 15 %, and only real tokens are seen by the model."""
    asked: list[tuple[Any, ...]] = []

    def kept(ids: Tensor, *others: Any) -> tuple[Tensor, Tensor]:
        asked.append((ids, *others))
        return mask_tokens(ids, *others)

    monkeypatch.setattr(contextual, "mask_tokens", kept)
    train(new_model(), steps=2, batch_size=30)
    assert len(asked) == 2
    ids, mask_id, vocab_size, special, probability, _ = asked[0]
    assert (mask_id, vocab_size, list(special), probability) == (MASK_ID, 10, [MASK_ID], 0.15)
    padded = {(1, 2, 3, 4, 5), (2, 3, 9, 9, 9), (4, 5, 6, 9, 9)}
    assert {tuple(row) for row in ids.tolist()} == padded


def test_the_senses_are_measured_without_gradients() -> None:
    """The decorator is given."""
    model = new_model()
    seen: list[bool] = []
    model.register_forward_pre_hook(lambda *_: seen.append(torch.is_grad_enabled()))
    sense_separation(model, SENTENCES, [0, 1, 0], ["a", "b", "a"])
    assert seen
    assert not any(seen)


def test_the_losses_are_numbers_one_for_each_step() -> None:
    losses = train(new_model(), steps=5, batch_size=30)
    assert len(losses) == 5
    assert all(isinstance(loss, float) for loss in losses)
    assert train(new_model(), steps=0) == []


def test_the_loss_falls() -> None:
    losses = train(new_model(), steps=60, batch_size=30, lr=3e-2)
    assert sum(losses[-10:]) < 0.8 * sum(losses[:10])
