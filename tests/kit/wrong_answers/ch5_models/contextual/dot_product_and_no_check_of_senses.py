"""`sense_separation` compares the vectors by dot product instead of cosine similarity and does not refuse senses that
give no pair of one kind, for which it returns NaN."""

from collections.abc import Sequence

import torch
from torch import Tensor

from ch4_blocks.blocks import in_mode
from ch5_models.bert import BERT, BERTConfig, mask_tokens


def sentence_embedding(hidden: Tensor, lengths: Tensor) -> Tensor:
    _, seq, _ = hidden.shape
    for length in lengths:
        if length < 1 or length > seq:
            raise ValueError(f"length {length.item()} must be between 1 and {seq}")
    mask = torch.arange(seq).to(hidden.device)[None] < lengths[:, None]
    total = torch.where(mask[:, :, None], hidden, 0.0).sum(dim=1)
    count = mask.sum(dim=1, keepdim=True)
    return total / count


@torch.no_grad()
def sense_separation(
    model: BERT, sentences: Sequence[Sequence[int]], positions: Sequence[int], senses: Sequence[str]
) -> tuple[float, float]:
    n = len(sentences)
    lengths = torch.tensor([len(sentence) for sentence in sentences])
    ids = torch.zeros(n, lengths.max().item(), dtype=torch.int64)
    for i in range(n):
        ids[i, : lengths[i]] = torch.tensor(sentences[i])

    static = torch.stack([model.token_embedding.weight[sentences[i][positions[i]]] for i in range(n)])
    with in_mode(model, training=False):
        hidden = model(ids, lengths=lengths)
    contextual = torch.stack([hidden[i, positions[i]] for i in range(n)])

    out = []
    for vectors in (static, contextual):
        similarity = vectors @ vectors.T
        same, different = [], []
        for i in range(n):
            for j in range(i + 1, n):
                if senses[i] == senses[j]:
                    same.append(similarity[i, j])
                else:
                    different.append(similarity[i, j])
        difference = torch.tensor(same).mean() - torch.tensor(different).mean()
        out.append(difference.item())
    return tuple(out)


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
