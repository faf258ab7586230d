"""`sense_separation` averages the same-sense pairs within each sense and then these means, so the pairs do not all
weigh the same."""

from collections.abc import Sequence
from itertools import combinations

import torch
import torch.nn.functional as F
from torch import Tensor

from ch4_blocks.blocks import in_mode
from ch5_models.bert import BERT, BERTConfig, mask_tokens


def sentence_embedding(hidden: Tensor, lengths: Tensor) -> Tensor:
    seq = hidden.shape[1]
    shortest, longest = int(lengths.min()), int(lengths.max())
    if shortest < 1:
        raise ValueError(f"a sentence of length {shortest} has no mean")
    if longest > seq:
        raise ValueError(f"a sentence of length {longest} is longer than {seq}")
    keep = torch.arange(seq, device=hidden.device).lt(lengths[:, None])[..., None]
    return hidden.where(keep, torch.zeros_like(hidden)).sum(dim=1).div(lengths[:, None])


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)


def _separation(vectors: Tensor, senses: Sequence[str]) -> float:
    unit = F.normalize(vectors, dim=-1)
    cosine = (unit @ unit.T).tolist()
    within = {}
    between = []
    for i, j in combinations(range(len(senses)), 2):
        if senses[i] == senses[j]:
            within.setdefault(senses[i], []).append(cosine[i][j])
        else:
            between.append(cosine[i][j])
    if not within or not between:
        raise ValueError(f"there must be pairs of the same sense and of different ones, but the senses are {senses}")
    return _mean([_mean(values) for values in within.values()]) - _mean(between)


@torch.no_grad()
def sense_separation(
    model: BERT, sentences: Sequence[Sequence[int]], positions: Sequence[int], senses: Sequence[str]
) -> tuple[float, float]:
    tensors = [torch.tensor(sentence) for sentence in sentences]
    lengths = torch.tensor([len(t) for t in tensors])
    batch = torch.nn.utils.rnn.pad_sequence(tensors, batch_first=True, padding_value=0)
    with in_mode(model, training=False):
        hidden = model(batch, lengths=lengths)
    static = model.token_embedding(torch.stack([t[p] for t, p in zip(tensors, positions)]))
    contextual = torch.stack([h[p] for h, p in zip(hidden, positions)])
    return _separation(static, senses), _separation(contextual, senses)


def small_bert(vocab_size: int, max_len: int, dropout: float = 0.0) -> BERT:
    """A BERT that learns to tell senses apart in some hundred steps of `train_masked`."""
    return BERT(BERTConfig(vocab_size, max_len, d_model=64, n_layers=2, n_heads=4, d_ff=128, dropout=dropout))


def train_masked(
    model: BERT,
    sentences: Sequence[Sequence[int]],
    mask_id: int,
    steps: int,
    batch_size: int,
    lr: float,
    generator: torch.Generator,
) -> list[float]:
    """Trains the model in place by masked language modelling; returns the loss of each step."""
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    lengths = torch.tensor([len(sentence) for sentence in sentences])
    ids = torch.full((len(sentences), int(lengths.max())), mask_id)
    for row, sentence in zip(ids, sentences, strict=True):
        row[: len(sentence)] = torch.tensor(sentence)
    losses = []
    for _ in range(steps):
        rows = torch.randint(len(ids), (batch_size,), generator=generator)
        inputs, labels = mask_tokens(ids[rows], mask_id, model.config.vocab_size, [mask_id], 0.15, generator)
        logits = model.mlm_logits(model(inputs, lengths=lengths[rows]))
        loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), labels.flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses
