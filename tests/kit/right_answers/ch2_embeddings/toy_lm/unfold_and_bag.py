"""Windows as rows of `unfold`, the mean from embedding_bag, losses kept as tensors until the end."""

import torch
import torch.nn as nn
from torch.nn.functional import embedding_bag, linear, log_softmax, nll_loss
from torch.utils.data import DataLoader, TensorDataset


def _windows(data, context):
    if context < 1:
        raise ValueError(f"context={context}")
    if data.shape[0] <= context:
        raise ValueError(f"{data.shape[0]} ids are too few")
    rows = data.unfold(0, context + 1, 1)
    return rows[:, :-1], rows[:, -1]


def sample_windows(data, context, batch_size, generator):
    x, y = _windows(data, context)
    weights = torch.ones(len(y), dtype=torch.float64)
    chosen = torch.multinomial(weights, batch_size, replacement=True, generator=generator)
    return x[chosen], y[chosen]


class ToyLM(nn.Module):
    def __init__(self, vocab_size, dim):
        super(ToyLM, self).__init__()
        self.vocab_size = vocab_size
        self.dim = dim
        self.add_module("embed", nn.Embedding(vocab_size, dim))
        self.add_module("head", nn.Linear(dim, vocab_size))

    def forward(self, idx):
        pooled = embedding_bag(idx, self.embed.weight, mode="mean")
        return linear(pooled, self.head.weight, self.head.bias)


def mean_loss(model, data, context):
    x, y = _windows(data, context)
    losses = []
    with torch.inference_mode():
        for xb, yb in DataLoader(TensorDataset(x, y), batch_size=7):
            losses.append(nll_loss(log_softmax(model(xb), dim=1), yb, reduction="none"))
    return torch.cat(losses).mean().item()


def train_toy_lm(model, data, context, steps, batch_size, lr, generator):
    optim = torch.optim.Adam((p for p in model.parameters() if p.requires_grad), lr=lr)
    history = []
    for _ in range(steps):
        xb, yb = sample_windows(data, context, batch_size, generator)
        loss = nll_loss(log_softmax(model(xb), dim=1), yb)
        optim.zero_grad()
        loss.backward()
        optim.step()
        history.append(loss.detach())
    return [value.item() for value in history]
