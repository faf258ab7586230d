"""The negatives' scores from bmm, pairs from a loop over places, batches by multinomial, a loss summed and divided."""

import torch
from torch import nn
from torch.nn.functional import logsigmoid
from torch.optim import Adam

from ch2_embeddings.embedding import Embedding


def skipgram_pairs(ids, window):
    if window < 1:
        raise ValueError(f"window must be positive, got {window}")
    sentence = ids.tolist()
    pairs = []
    for i, word in enumerate(sentence):
        for j in range(max(0, i - window), min(len(sentence), i + window + 1)):
            if j != i:
                pairs.append((word, sentence[j]))
    return torch.tensor(pairs, dtype=torch.long).reshape(-1, 2)


def noise_distribution(counts, power=0.75):
    if not counts.any():
        raise ValueError("no word was counted")
    if not counts.is_floating_point():
        counts = counts.float()
    weights = torch.where(counts > 0, counts**power, torch.zeros_like(counts))
    return weights / weights.sum()


class SkipGram(nn.Module):
    def __init__(self, vocab_size, dim):
        super().__init__()
        self.center = Embedding(vocab_size, dim)
        self.context = Embedding(vocab_size, dim)

    def loss(self, centers, contexts, negatives):
        emb_v = self.center(centers)
        emb_u = self.context(contexts)
        emb_neg = self.context(negatives)
        score = torch.sum(torch.mul(emb_v, emb_u), dim=1)
        loss = -logsigmoid(score)
        neg_score = torch.bmm(emb_neg, emb_v.unsqueeze(2)).squeeze(2)
        loss = loss + -torch.sum(logsigmoid(-neg_score), dim=1)
        return loss.sum() / centers.size(0)


def train_skipgram(ids, vocab_size, dim, window, negatives, steps, lr, generator):
    if len(ids) < 2:
        raise ValueError(f"{len(ids)} tokens have no pairs")
    for i in ids.tolist():
        if i < 0 or i >= vocab_size:
            raise IndexError(f"id {i}")
    model = SkipGram(vocab_size, dim)
    with torch.no_grad():
        for table in (model.context, model.center):
            table.weight.copy_((torch.rand(vocab_size, dim, generator=generator) - 0.5) / dim)
    pairs = skipgram_pairs(ids, window)
    noise = noise_distribution(torch.bincount(ids, minlength=vocab_size))
    optimizer = Adam(model.parameters(), lr)
    for _ in range(steps):
        negs = torch.multinomial(noise, 128 * negatives, True, generator=generator).view(128, negatives)
        batch = pairs[torch.multinomial(torch.ones(len(pairs)), 128, True, generator=generator)]
        optimizer.zero_grad()
        model.loss(batch[:, 0], batch[:, 1], negs).backward()
        optimizer.step()
    return model
