"""`SkipGram.loss` takes `torch.log(torch.sigmoid(x))`, so where a score is large the loss is infinite."""

import torch
from torch import nn

from ch2_embeddings.embedding import Embedding

BATCH_SIZE = 128


def skipgram_pairs(ids, window):
    if window < 1:
        raise ValueError("window is " + str(window) + ", it must be at least 1")
    centers, contexts = [], []
    for i, center in enumerate(ids.tolist()):
        for offset in range(-window, window + 1):
            j = i + offset
            if offset == 0 or j < 0 or j >= len(ids):
                continue
            centers.append(center)
            contexts.append(ids[j].item())
    return torch.tensor([centers, contexts], dtype=torch.int64).t()


def noise_distribution(counts, power=0.75):
    if (counts == 0).all():
        raise ValueError("every count is 0")
    w = counts**power
    return w / w.sum()


class SkipGram(nn.Module):
    def __init__(self, vocab_size, dim):
        super(SkipGram, self).__init__()
        self.center = Embedding(vocab_size, dim)
        self.context = Embedding(vocab_size, dim)

    def loss(self, centers, contexts, negatives):
        center_vectors = self.center(centers)
        context_vectors = self.context(contexts)
        negative_vectors = self.context(negatives)

        positive = (center_vectors * context_vectors).sum(dim=1)
        negative = (center_vectors.unsqueeze(1) * negative_vectors).sum(dim=2)

        loss = -torch.log(torch.sigmoid(positive))
        loss = loss - torch.log(torch.sigmoid(-negative)).sum(dim=1)
        return loss.mean()


def train_skipgram(ids, vocab_size, dim, window, negatives, steps, lr, generator):
    if len(ids) < 2:
        raise ValueError(f"text too short: {len(ids)}")
    for token in ids.tolist():
        if token not in range(vocab_size):
            raise IndexError(f"token {token} is not below {vocab_size}")

    model = SkipGram(vocab_size, dim)
    with torch.no_grad():
        model.center.weight.uniform_(-0.5 / dim, 0.5 / dim, generator=generator)
        model.context.weight.uniform_(-0.5 / dim, 0.5 / dim, generator=generator)

    pairs = skipgram_pairs(ids, window)
    counts = torch.bincount(ids, minlength=vocab_size)
    noise = noise_distribution(counts)
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)

    for step in range(steps):
        chosen = pairs[torch.randint(len(pairs), (BATCH_SIZE,), generator=generator)]
        neg = torch.multinomial(noise, BATCH_SIZE * negatives, replacement=True, generator=generator)
        neg = neg.view(BATCH_SIZE, negatives)
        loss = model.loss(chosen[:, 0], chosen[:, 1], neg)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model
