"""`sense_separation` sets the model to eval mode and never sets it back."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from ch5_models.bert import BERT, BERTConfig, mask_tokens


def sentence_embedding(hidden: Tensor, lengths: Tensor) -> Tensor:
    seq = hidden.shape[1]
    for n in lengths.tolist():
        if not (1 <= n <= seq):
            raise ValueError(f"length {n}, but a sentence here has 1 to {seq} tokens")
    return torch.stack([row[:n].sum(0) / n for row, n in zip(hidden, lengths.tolist())])


def sense_separation(
    model: BERT, sentences: Sequence[Sequence[int]], positions: Sequence[int], senses: Sequence[str]
) -> tuple[float, float]:
    senses = np.array(senses)
    same = senses[:, None] == senses[None, :]
    i, j = np.triu_indices(len(senses), k=1)
    same = same[i, j]
    if same.all() or not same.any():
        raise ValueError(f"the senses {senses.tolist()} give only one kind of pair")

    lengths = [len(s) for s in sentences]
    ids = np.zeros((len(sentences), max(lengths)), dtype=np.int64)
    for row, s in zip(ids, sentences):
        row[: len(s)] = s
    ids = torch.from_numpy(ids)

    model.eval()
    with torch.no_grad():
        hidden = model(ids, lengths=torch.tensor(lengths))
        rows = torch.arange(len(sentences))
        columns = torch.tensor(positions)
        static = model.token_embedding(ids[rows, columns]).numpy()
        contextual = hidden[rows, columns].numpy()

    def gap(v):
        unit = v / np.sqrt((v * v).sum(axis=1, keepdims=True))
        cosine = (unit @ unit.T)[i, j]
        return float(cosine[same].mean() - cosine[~same].mean())

    return gap(static), gap(contextual)


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
