"""`sense_separation` calls the model without `lengths`, so the words attend to the padding of shorter sentences."""

from collections.abc import Sequence

import torch
from torch import Tensor

from ch4_blocks.blocks import in_mode
from ch5_models.bert import BERT, BERTConfig, mask_tokens


def sentence_embedding(hidden: Tensor, lengths: Tensor) -> Tensor:
    """Mean pooling over the real tokens."""
    max_len = hidden.shape[1]
    bad = [n for n in lengths.tolist() if n < 1 or n > max_len]
    if bad:
        raise ValueError(f"lengths out of range 1..{max_len}: {bad}")
    input_mask = torch.arange(max_len, device=hidden.device).expand(hidden.shape[:2]) < lengths[:, None]
    input_mask_expanded = input_mask.unsqueeze(-1).expand(hidden.size())
    token_embeddings = torch.where(input_mask_expanded, hidden, torch.zeros((), dtype=hidden.dtype))
    sum_mask = input_mask_expanded.sum(1)
    return token_embeddings.sum(1) / sum_mask


@torch.no_grad()
def sense_separation(
    model: BERT, sentences: Sequence[Sequence[int]], positions: Sequence[int], senses: Sequence[str]
) -> tuple[float, float]:
    max_len = max(map(len, sentences))
    ids = torch.tensor([[*sentence, *[0] * (max_len - len(sentence))] for sentence in sentences])
    with in_mode(model, training=False):
        outputs = model(ids)
    rows = torch.arange(len(sentences))
    contextual = outputs[rows, torch.tensor(positions)]
    static = model.token_embedding(ids[rows, torch.tensor(positions)])

    equal = torch.tensor([[s == t for t in senses] for s in senses])
    upper = torch.triu(torch.ones(len(senses), len(senses), dtype=torch.bool), diagonal=1)
    positives, negatives = upper & equal, upper & ~equal
    if not positives.any() or not negatives.any():
        raise ValueError(f"no pairs of the same sense or none of different senses in {list(senses)}")

    def score(emb: Tensor) -> float:
        sim = torch.cosine_similarity(emb[:, None, :], emb[None, :, :], dim=-1)
        return float(sim[positives].mean() - sim[negatives].mean())

    return score(static), score(contextual)


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
