"""`skipgram_pairs` stops one place early on the right and misses the context `window` places after the centre."""

import torch
import torch.nn as nn
import torch.nn.functional as F

from ch2_embeddings.embedding import Embedding

BATCH_SIZE = 128


def skipgram_pairs(ids, window):
    if window < 1:
        raise ValueError(f"window must be >= 1, got {window}")
    tokens = ids.tolist()
    pairs = []
    for i in range(len(tokens)):
        start = max(0, i - window)
        end = min(len(tokens), i + window)
        for j in range(start, end):
            if j != i:
                pairs.append([tokens[i], tokens[j]])
    return torch.tensor(pairs, dtype=torch.long).view(len(pairs), 2)


def noise_distribution(counts, power=0.75):
    if counts.sum() == 0:
        raise ValueError("all counts are zero")
    scaled = torch.pow(counts, power)
    return scaled / torch.sum(scaled)


class SkipGram(nn.Module):
    def __init__(self, vocab_size, dim):
        super().__init__()
        self.center = Embedding(vocab_size, dim)
        self.context = Embedding(vocab_size, dim)

    def loss(self, centers, contexts, negatives):
        v_c = self.center(centers)  # (B, D)
        u_o = self.context(contexts)  # (B, D)
        u_k = self.context(negatives)  # (B, K, D)
        pos_score = torch.sum(v_c * u_o, dim=1)  # (B,)
        neg_score = torch.bmm(u_k, v_c.unsqueeze(2)).squeeze(2)  # (B, K)
        pos_loss = -F.logsigmoid(pos_score)
        neg_loss = -F.logsigmoid(-neg_score).sum(dim=1)
        return (pos_loss + neg_loss).mean()


def train_skipgram(ids, vocab_size, dim, window, negatives, steps, lr, generator):
    if len(ids) < 2:
        raise ValueError(f"need at least two tokens, got {len(ids)}")
    for i in ids.tolist():
        if i < 0 or i >= vocab_size:
            raise IndexError(f"id {i} is not in a vocabulary of {vocab_size}")
    pairs = skipgram_pairs(ids, window)
    model = SkipGram(vocab_size, dim)
    bound = 0.5 / dim
    nn.init.uniform_(model.center.weight, -bound, bound, generator=generator)
    nn.init.uniform_(model.context.weight, -bound, bound, generator=generator)
    noise = noise_distribution(torch.bincount(ids, minlength=vocab_size).float())
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    for _ in range(steps):
        which = torch.randint(0, len(pairs), (BATCH_SIZE,), generator=generator)
        c, o = pairs[which].T
        neg = torch.multinomial(noise, BATCH_SIZE * negatives, replacement=True, generator=generator)
        loss = model.loss(c, o, neg.reshape(BATCH_SIZE, negatives))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model
