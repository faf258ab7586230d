"""`noise_distribution` divides the counts by their sum first and then takes the power, so the result does not sum to
one."""

import torch
from torch import Tensor, nn
from torch.nn.functional import logsigmoid

from ch2_embeddings.embedding import Embedding

BATCH_SIZE = 128


def skipgram_pairs(ids: Tensor, window: int) -> Tensor:
    if window < 1:
        raise ValueError(f"a window of {window} holds no context")
    n = len(ids)
    place = torch.arange(n)
    distance = (place[:, None] - place[None, :]).abs()
    rows, cols = torch.where((distance >= 1) & (distance <= window))
    return torch.stack((ids[rows], ids[cols]), dim=-1)


def noise_distribution(counts: Tensor, power: float = 0.75) -> Tensor:
    total = counts.sum()
    if total == 0:
        raise ValueError("no counts, no distribution")
    unigram = counts / total
    return unigram**power


class SkipGram(nn.Module):
    """Skip-gram with negative sampling; one table per role."""

    def __init__(self, vocab_size: int, dim: int) -> None:
        super().__init__()
        self.center = Embedding(vocab_size, dim)
        self.context = Embedding(vocab_size, dim)

    def loss(self, centers: Tensor, contexts: Tensor, negatives: Tensor) -> Tensor:
        v = self.center(centers)
        s_true = torch.einsum("bd,bd->b", v, self.context(contexts))
        s_noise = torch.einsum("bd,bnd->bn", v, self.context(negatives))
        per_pair = logsigmoid(s_true) + logsigmoid(s_noise.neg()).sum(dim=-1)
        return -per_pair.mean()


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
    if ids.numel() < 2:
        raise ValueError(f"{ids.numel()} tokens make no pair")
    outside = ids[(ids < 0) | (ids >= vocab_size)]
    if outside.numel():
        raise IndexError(f"id {outside[0].item()} is outside the vocabulary of {vocab_size}")
    pairs = skipgram_pairs(ids, window)
    model = SkipGram(vocab_size, dim)
    for table in (model.center, model.context):
        nn.init.uniform_(table.weight, -0.5 / dim, 0.5 / dim, generator=generator)
    noise = noise_distribution(torch.bincount(ids, minlength=vocab_size))
    opt = torch.optim.Adam(model.parameters(), lr=lr)
    for _ in range(steps):
        rows = torch.randint(pairs.shape[0], (BATCH_SIZE,), generator=generator)
        centers, contexts = pairs[rows].unbind(dim=1)
        sampled = torch.multinomial(noise, BATCH_SIZE * negatives, replacement=True, generator=generator)
        opt.zero_grad()
        model.loss(centers, contexts, sampled.view(BATCH_SIZE, -1)).backward()
        opt.step()
    return model
