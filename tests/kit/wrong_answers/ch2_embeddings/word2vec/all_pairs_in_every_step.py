"""Each step takes all pairs of the text with one set of negatives; a step is to draw 128 pairs, each with its own."""

import torch
import torch.nn.functional as F
from torch import nn

from ch2_embeddings.embedding import Embedding


def skipgram_pairs(ids, window):
    if window < 1:
        raise ValueError(f"window {window}")
    n, tokens = len(ids), ids.tolist()
    pairs = [(tokens[i], tokens[j]) for i in range(n) for j in range(n) if 0 < abs(i - j) <= window]
    return torch.tensor(pairs, dtype=torch.int64).reshape(-1, 2)


def noise_distribution(counts, power=0.75):
    if counts.sum() == 0:
        raise ValueError("all counts are 0")
    weights = counts**power
    return weights / weights.sum()


class SkipGram(nn.Module):
    def __init__(self, vocab_size, dim):
        super().__init__()
        self.center = Embedding(vocab_size, dim)
        self.context = Embedding(vocab_size, dim)

    def loss(self, centers, contexts, negatives):
        v = self.center(centers)
        true = (v * self.context(contexts)).sum(-1)
        false = torch.einsum("bd,bnd->bn", v, self.context(negatives))
        return -(F.logsigmoid(true) + F.logsigmoid(-false).sum(-1)).mean()


def train_skipgram(ids, vocab_size, dim, window, negatives, steps, lr, generator):
    if len(ids) < 2:
        raise ValueError("no pairs")
    for i in ids.tolist():
        if not 0 <= i < vocab_size:
            raise IndexError(f"id {i}")
    model = SkipGram(vocab_size, dim)
    for weight in model.parameters():
        nn.init.uniform_(weight, -0.5 / dim, 0.5 / dim, generator=generator)
    centers, contexts = skipgram_pairs(ids, window).T
    noise = noise_distribution(torch.bincount(ids, minlength=vocab_size))
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    for _ in range(steps):
        drawn = torch.multinomial(noise, negatives, replacement=True, generator=generator)
        optimizer.zero_grad()
        model.loss(centers, contexts, drawn.expand(len(centers), -1)).backward()
        optimizer.step()
    return model
