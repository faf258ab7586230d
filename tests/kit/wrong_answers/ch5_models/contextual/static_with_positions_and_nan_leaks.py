"""The static vectors of `sense_separation` have the position vectors added, and `sentence_embedding` multiplies the
padding by zero, so a NaN there makes the mean NaN."""

from collections.abc import Sequence

import torch
from torch import Tensor

from ch4_blocks.blocks import in_mode
from ch5_models.bert import BERT, BERTConfig, mask_tokens


def sentence_embedding(hidden: Tensor, lengths: Tensor) -> Tensor:
    n = hidden.shape[1]
    for length in lengths.tolist():
        if length not in range(1, n + 1):
            raise ValueError(f"length {length} should be from 1 to {n}")
    mask = (torch.arange(n, device=hidden.device)[None, :] < lengths[:, None]).to(hidden.dtype)
    summed = torch.einsum("bnd,bn->bd", hidden, mask)
    return summed / mask.sum(dim=1, keepdim=True)


def _pad(sentences: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
    lengths = [len(s) for s in sentences]
    width = max(lengths)
    ids = [list(s) + [0] * (width - len(s)) for s in sentences]
    return torch.tensor(ids), torch.tensor(lengths)


def _gap(vectors: Tensor, same: Tensor) -> float:
    vectors = vectors / vectors.norm(dim=-1, keepdim=True)
    i, j = torch.triu_indices(len(vectors), len(vectors), offset=1)
    cosines = (vectors[i] * vectors[j]).sum(dim=-1)
    return (cosines[same[i, j]].mean() - cosines[~same[i, j]].mean()).item()


@torch.no_grad()
def sense_separation(
    model: BERT, sentences: Sequence[Sequence[int]], positions: Sequence[int], senses: Sequence[str]
) -> tuple[float, float]:
    counts = {sense: list(senses).count(sense) for sense in senses}
    if len(counts) == 1 or max(counts.values()) == 1:
        raise ValueError(f"cannot compare pairs with the senses {counts}")
    same = torch.tensor([[a == b for a in senses] for b in senses])

    ids, lengths = _pad(sentences)
    rows, columns = torch.arange(len(ids)), torch.tensor(positions)
    with in_mode(model, training=False):
        embedded = model.position_embedding(model.token_embedding(ids))
        hidden = model(ids, lengths=lengths)
    return _gap(embedded[rows, columns], same), _gap(hidden[rows, columns], same)


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
