"""`sentence_embedding` takes the first `length + 1` vectors into the sum, one of the padding among them."""

from collections.abc import Sequence

import torch
from torch import Tensor

from ch4_blocks.blocks import in_mode
from ch5_models.bert import BERT, BERTConfig, mask_tokens


def sentence_embedding(hidden: Tensor, lengths: Tensor) -> Tensor:
    n = hidden.size(1)
    outside = (lengths < 1) | (lengths > n)
    if outside.any():
        raise ValueError(f"lengths {lengths[outside].tolist()} are not between 1 and {n}")
    index = torch.arange(n, device=hidden.device)
    is_token = index[None, :, None] <= lengths[:, None, None].to(hidden.device)
    summed = torch.where(is_token, hidden, torch.zeros_like(hidden)).sum(1)
    return summed / lengths[:, None].to(hidden)


def _cosines(v: Tensor) -> Tensor:
    v = v / torch.linalg.vector_norm(v, dim=1, keepdim=True)
    return torch.einsum("id,jd->ij", v, v)


def sense_separation(
    model: BERT, sentences: Sequence[Sequence[int]], positions: Sequence[int], senses: Sequence[str]
) -> tuple[float, float]:
    n = len(sentences)
    i, j = torch.triu_indices(n, n, offset=1)
    code = {sense: k for k, sense in enumerate(dict.fromkeys(senses))}
    label = torch.tensor([code[sense] for sense in senses])
    same = label[i] == label[j]
    if same.all() or not same.any():
        raise ValueError(f"these senses do not make pairs of both kinds: {list(code)}")

    lengths = torch.tensor([len(s) for s in sentences])
    ids = torch.nn.utils.rnn.pad_sequence([torch.tensor(s) for s in sentences], batch_first=True)
    at = torch.arange(n), torch.tensor(positions)
    with torch.no_grad(), in_mode(model, False):
        static = model.token_embedding.weight[ids[at]]
        contextual = model(ids, lengths=lengths)[at]

    result = []
    for vectors in (static, contextual):
        cos = _cosines(vectors)[i, j]
        result.append((cos[same].mean() - cos[~same].mean()).item())
    return result[0], result[1]


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
