"""`sentence_embedding` divides the sum of the real vectors by `seq`, the padded length, not by the row's length."""

from collections.abc import Sequence
from itertools import combinations

import torch
import torch.nn.functional as F

from ch4_blocks.blocks import in_mode
from ch5_models.bert import BERT, BERTConfig, mask_tokens


def sentence_embedding(hidden: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
    batch, seq, _ = hidden.shape
    for i in range(batch):
        n = int(lengths[i])
        if n < 1 or n > seq:
            raise ValueError(f"sentence {i} has length {n}, which is not in 1..{seq}")
    positions = torch.arange(seq, device=hidden.device)
    padding = positions.unsqueeze(0) >= lengths.to(hidden.device).unsqueeze(1)
    return hidden.masked_fill(padding.unsqueeze(-1), 0.0).mean(dim=1)


@torch.no_grad()
def sense_separation(
    model: BERT, sentences: Sequence[Sequence[int]], positions: Sequence[int], senses: Sequence[str]
) -> tuple[float, float]:
    lengths = torch.tensor([len(s) for s in sentences])
    ids = torch.zeros((len(sentences), max(len(s) for s in sentences)), dtype=torch.long)
    for i, s in enumerate(sentences):
        ids[i, : len(s)] = torch.tensor(s)

    word_ids = torch.tensor([s[p] for s, p in zip(sentences, positions)])
    static = model.token_embedding(word_ids)
    with in_mode(model, training=False):
        hidden = model(ids, lengths=lengths)
    contextual = torch.stack([hidden[i, p] for i, p in enumerate(positions)])
    return separation(static, senses), separation(contextual, senses)


def separation(vectors: torch.Tensor, senses: Sequence[str]) -> float:
    same, different = [], []
    for i, j in combinations(range(len(senses)), 2):
        cosine = F.cosine_similarity(vectors[i], vectors[j], dim=0).item()
        (same if senses[i] == senses[j] else different).append(cosine)
    if not same or not different:
        raise ValueError(f"senses {list(senses)} do not give both kinds of pairs")
    return sum(same) / len(same) - sum(different) / len(different)


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
