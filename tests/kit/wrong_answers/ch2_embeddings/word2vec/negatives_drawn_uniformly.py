"""`train_skipgram` draws the negatives uniformly from the whole vocabulary, not from the noise distribution."""

import torch
import torch.nn as nn
import torch.nn.functional as F

from ch2_embeddings.embedding import Embedding

BATCH_SIZE = 128


def skipgram_pairs(ids, window):
    if window < 1:
        raise ValueError(f"window {window} < 1")
    pairs = []
    for i in range(len(ids)):
        for j in range(len(ids)):
            if i != j and abs(i - j) <= window:
                pairs.append((int(ids[i]), int(ids[j])))
    if len(pairs) == 0:
        return torch.zeros((0, 2), dtype=torch.long)
    return torch.tensor(pairs)


def noise_distribution(counts, power=0.75):
    if torch.count_nonzero(counts) == 0:
        raise ValueError("counts are all 0")
    return counts.pow(power) / counts.pow(power).sum()


class SkipGram(nn.Module):
    def __init__(self, vocab_size, dim):
        super().__init__()
        self.center = Embedding(vocab_size, dim)
        self.context = Embedding(vocab_size, dim)

    def loss(self, centers, contexts, negatives):
        v = self.center(centers)
        u = torch.cat([contexts[:, None], negatives], dim=1)
        u = self.context(u)
        scores = (u @ v[:, :, None]).squeeze(-1)
        # first column is the true context, all others are noise
        log_pos = F.logsigmoid(scores[:, 0])
        log_neg = F.logsigmoid(-scores[:, 1:])
        return -(log_pos + log_neg.sum(1)).mean()


def train_skipgram(ids, vocab_size, dim, window, negatives, steps, lr, generator):
    if len(ids) < 2:
        raise ValueError(f"only {len(ids)} token(s)")
    for i in ids.tolist():
        if not 0 <= i < vocab_size:
            raise IndexError(f"id {i} out of range")
    pairs = skipgram_pairs(ids, window)
    model = SkipGram(vocab_size, dim)
    r = 0.5 / dim
    nn.init.uniform_(model.center.weight, -r, r, generator=generator)
    nn.init.uniform_(model.context.weight, -r, r, generator=generator)
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    for _ in range(steps):
        k = torch.randint(len(pairs), (BATCH_SIZE,), generator=generator)
        neg = torch.randint(vocab_size, (BATCH_SIZE, negatives), generator=generator)
        loss = model.loss(pairs[k, 0], pairs[k, 1], neg)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model
