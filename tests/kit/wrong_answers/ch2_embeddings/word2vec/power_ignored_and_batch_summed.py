"""`noise_distribution` always takes the power 0.75 and ignores its argument `power`, and `SkipGram.loss` sums over the
batch in place of averaging it."""

import torch
import torch.nn.functional as F
from torch import nn

from ch2_embeddings.embedding import Embedding

BATCH_SIZE = 128
POWER = 3 / 4


def skipgram_pairs(ids, window):
    if window < 1:
        raise ValueError(f"{window} is no window")
    n = len(ids)
    index = [(i, j) for i in range(n) for j in range(max(i - window, 0), min(i + window + 1, n)) if i != j]
    index = torch.tensor(index, dtype=torch.int64).reshape(len(index), 2)
    return ids[index]


def noise_distribution(counts, power=0.75):
    if not bool((counts > 0).any()):
        raise ValueError("cannot make a distribution of zeros")
    smoothed = counts**POWER
    return smoothed / smoothed.sum()


class SkipGram(nn.Module):
    def __init__(self, vocab_size, dim):
        super().__init__()
        self.center = Embedding(vocab_size, dim)
        self.context = Embedding(vocab_size, dim)

    def loss(self, centers, contexts, negatives):
        v = self.center(centers).unsqueeze(-1)  # (batch, dim, 1)
        u = self.context(contexts).unsqueeze(1)  # (batch, 1, dim)
        pos = torch.matmul(u, v).flatten()
        neg = torch.matmul(self.context(negatives), v).flatten()
        return -F.logsigmoid(pos).sum() - F.logsigmoid(-neg).sum()


def train_skipgram(ids, vocab_size, dim, window, negatives, steps, lr, generator):
    if len(ids) < 2:
        raise ValueError(f"a text with {len(ids)} tokens cannot be trained on")
    bad = [i for i in ids.tolist() if i < 0 or i >= vocab_size]
    if bad:
        raise IndexError(f"bad id: {bad[0]}")
    model = SkipGram(vocab_size, dim)
    for param in model.parameters():
        nn.init.uniform_(param, -0.5 / dim, 0.5 / dim, generator=generator)
    pairs = skipgram_pairs(ids, window)
    probs = noise_distribution(torch.bincount(ids, minlength=vocab_size).to(torch.float32))
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    for _ in range(steps):
        sample = torch.randint(0, pairs.size(0), (BATCH_SIZE,), generator=generator)
        noise = torch.multinomial(probs, BATCH_SIZE * negatives, True, generator=generator)
        noise = noise.view(BATCH_SIZE, negatives)
        optimizer.zero_grad()
        loss = model.loss(pairs[sample][:, 0], pairs[sample][:, 1], noise)
        loss.backward()
        optimizer.step()
    return model
