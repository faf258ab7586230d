"""Training goes through the windows of the text in order, batch after batch; it draws nothing."""

import torch
import torch.nn.functional as F
from torch import nn

from ch2_embeddings.embedding import Embedding


def _windows(data, context):
    if context < 1 or len(data) <= context:
        raise ValueError(f"context {context}, {len(data)} tokens")
    rows = data.unfold(0, context + 1, 1)
    return rows[:, :-1], rows[:, -1]


def sample_windows(data, context, batch_size, generator):
    x, y = _windows(data, context)
    chosen = torch.randint(len(y), (batch_size,), generator=generator)
    return x[chosen], y[chosen]


class ToyLM(nn.Module):
    def __init__(self, vocab_size, dim):
        super().__init__()
        self.embed = Embedding(vocab_size, dim)
        self.head = nn.Linear(dim, vocab_size)

    def forward(self, x):
        return self.head(self.embed(x).mean(1))


@torch.no_grad()
def mean_loss(model, data, context):
    x, y = _windows(data, context)
    return F.cross_entropy(model(x), y).item()


def train_toy_lm(model, data, context, steps, batch_size, lr, generator):
    x, y = _windows(data, context)
    optimizer = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=lr)
    losses = []
    for step in range(steps):
        rows = (torch.arange(batch_size) + step * batch_size) % len(y)
        loss = F.cross_entropy(model(x[rows]), y[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses
