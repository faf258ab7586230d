"""`SkipGram.loss` takes the mean over the negatives of a pair, where their terms are to be summed."""

import torch
import torch.nn.functional as F
from torch import nn

from ch2_embeddings.embedding import Embedding

BATCH_SIZE = 128


def skipgram_pairs(ids, window):
    if window < 1:
        raise ValueError(f"window={window}")
    out = []
    n = ids.shape[0]
    for i in range(n):
        left = ids[max(0, i - window) : i]
        right = ids[i + 1 : i + window + 1]
        neighbours = torch.cat([left, right])
        out.append(torch.stack([ids[i].expand(len(neighbours)), neighbours], dim=1))
    if not out:
        return ids.new_empty((0, 2))
    return torch.cat(out, dim=0)


def noise_distribution(counts, power=0.75):
    if not torch.any(counts > 0):
        raise ValueError("at least one count must be above zero")
    unnormalised = counts.pow(power)
    return unnormalised.div(unnormalised.sum())


class SkipGram(nn.Module):
    def __init__(self, vocab_size, dim):
        super().__init__()
        self.center = Embedding(vocab_size, dim)
        self.context = Embedding(vocab_size, dim)

    def loss(self, centers, contexts, negatives):
        center_emb = self.center(centers)
        pos_emb = self.context(contexts)
        neg_emb = self.context(negatives)

        pos_logits = torch.einsum("b d, b d -> b", center_emb, pos_emb)
        neg_logits = torch.einsum("b d, b k d -> b k", center_emb, neg_emb)

        pos_loss = -F.logsigmoid(pos_logits).mean()
        neg_loss = -F.logsigmoid(-neg_logits).mean()
        return pos_loss + neg_loss


def train_skipgram(ids, vocab_size, dim, window, negatives, steps, lr, generator):
    if ids.shape[0] < 2:
        raise ValueError("a text needs two tokens or more")
    lo, hi = ids.min().item(), ids.max().item()
    if lo < 0:
        raise IndexError(f"negative id {lo}")
    if hi >= vocab_size:
        raise IndexError(f"id {hi} >= vocab_size {vocab_size}")

    pairs = skipgram_pairs(ids, window)
    model = SkipGram(vocab_size, dim)
    limit = 0.5 / dim
    for p in [model.center.weight, model.context.weight]:
        nn.init.uniform_(p, a=-limit, b=limit, generator=generator)

    noise = noise_distribution(torch.bincount(ids, minlength=vocab_size).float())
    optim = torch.optim.Adam(model.parameters(), lr=lr)
    for _ in range(steps):
        idx = torch.randint(pairs.shape[0], (BATCH_SIZE,), generator=generator)
        batch = pairs[idx]
        neg = torch.multinomial(noise, BATCH_SIZE * negatives, replacement=True, generator=generator)
        optim.zero_grad()
        loss = model.loss(batch[:, 0], batch[:, 1], neg.reshape(BATCH_SIZE, negatives))
        loss.backward()
        optim.step()
    return model
