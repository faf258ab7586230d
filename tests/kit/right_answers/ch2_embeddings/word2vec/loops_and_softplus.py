"""Pairs by a double loop, torch's own embedding, scores by einsum, the loss by softplus."""

import torch
import torch.nn.functional as F
from torch import nn


def skipgram_pairs(ids, window):
    if window < 1:
        raise ValueError(f"window={window}")
    found = []
    for i, center in enumerate(ids.tolist()):
        for j in range(max(0, i - window), min(len(ids), i + window + 1)):
            if j != i:
                found.append((center, int(ids[j])))
    return torch.tensor(found, dtype=torch.int64).reshape(-1, 2)


def noise_distribution(counts, power=0.75):
    if counts.sum() == 0:
        raise ValueError("nothing was counted")
    noise = F.normalize(counts.double().pow(power), p=1, dim=0)
    return noise.to(counts.dtype) if counts.is_floating_point() else noise


class SkipGram(nn.Module):
    def __init__(self, vocab_size, dim):
        super().__init__()
        self.context = nn.Embedding(vocab_size, dim)
        self.center = nn.Embedding(vocab_size, dim)

    def loss(self, centers, contexts, negatives):
        others = torch.cat([contexts[:, None], negatives], dim=1)
        scores = torch.einsum("bd,bkd->bk", self.center(centers), self.context(others))
        signs = torch.ones_like(scores)
        signs[:, 0] = -1
        return F.softplus(signs * scores).sum() / len(centers)


def train_skipgram(ids, vocab_size, dim, window, negatives, steps, lr, generator):
    if ids.numel() < 2:
        raise ValueError("too few tokens for a pair")
    for i in ids.tolist():
        if i < 0 or i >= vocab_size:
            raise IndexError(f"id {i} is not below {vocab_size}")
    model = SkipGram(vocab_size, dim)
    with torch.no_grad():
        for table in (model.center, model.context):
            table.weight.copy_((torch.rand(vocab_size, dim, generator=generator) - 0.5) / dim)
    pairs = skipgram_pairs(ids, window)
    counts = torch.tensor([(ids == i).sum() for i in range(vocab_size)])
    noise = noise_distribution(counts)
    optimizer = torch.optim.Adam([model.context.weight, model.center.weight], lr)
    for _ in range(steps):
        wrong = torch.multinomial(noise.expand(128, -1), negatives, replacement=True, generator=generator)
        chosen = pairs[(torch.rand(128, generator=generator) * len(pairs)).long()]
        model.zero_grad()
        model.loss(chosen[:, 0], chosen[:, 1], wrong).backward()
        optimizer.step()
    return model
