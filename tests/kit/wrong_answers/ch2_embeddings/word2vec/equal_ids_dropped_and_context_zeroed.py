"""`skipgram_pairs` compares ids in place of positions and drops pairs of equal ids, and `train_skipgram` starts the
table `context` at zero."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ch2_embeddings.embedding import Embedding

BATCH_SIZE = 128


def skipgram_pairs(ids: Tensor, window: int) -> Tensor:
    if window < 1:
        raise ValueError(f"window should be 1 or more, not {window}")
    text = ids.tolist()
    rows = []
    for pos, center in enumerate(text):
        for word in text[max(pos - window, 0) : pos + window + 1]:
            if word != center:
                rows.append([center, word])
    return torch.tensor(rows, dtype=torch.int64).view(len(rows), 2)


def noise_distribution(counts: Tensor, power: float = 0.75) -> Tensor:
    weights = counts**power
    total = weights.sum()
    if total == 0:
        raise ValueError("all counts are zero, nothing can be drawn")
    return weights / total


class SkipGram(nn.Module):
    def __init__(self, vocab_size: int, dim: int) -> None:
        super().__init__()
        self.center = Embedding(vocab_size, dim)
        self.context = Embedding(vocab_size, dim)

    def loss(self, centers: Tensor, contexts: Tensor, negatives: Tensor) -> Tensor:
        v = self.center(centers)
        good = (v * self.context(contexts)).sum(dim=-1)
        wrong = (v.unsqueeze(1) @ self.context(negatives).transpose(1, 2)).squeeze(1)
        return (F.softplus(-good) + F.softplus(wrong).sum(dim=1)).mean()


def train_skipgram(
    ids: Tensor,
    vocab_size: int,
    dim: int,
    window: int,
    negatives: int,
    steps: int,
    lr: float,
    generator: torch.Generator,
) -> SkipGram:
    if len(ids) < 2:
        raise ValueError(f"text has {len(ids)} tokens, at least 2 are needed")
    for i in ids.tolist():
        if i < 0 or i >= vocab_size:
            raise IndexError(f"id {i} not in vocabulary (size {vocab_size})")
    model = SkipGram(vocab_size, dim)
    # same start as in the C code
    nn.init.uniform_(model.center.weight, -0.5 / dim, 0.5 / dim, generator=generator)
    nn.init.zeros_(model.context.weight)
    pairs = skipgram_pairs(ids, window)
    noise = noise_distribution(torch.bincount(ids, minlength=vocab_size).float())
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    for _ in range(steps):
        c, o = pairs[torch.randint(len(pairs), (BATCH_SIZE,), generator=generator)].unbind(1)
        drawn = torch.multinomial(noise, BATCH_SIZE * negatives, replacement=True, generator=generator)
        loss = model.loss(c, o, drawn.view(BATCH_SIZE, negatives))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model
