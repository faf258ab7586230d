"""`sample_windows` draws the starts without repeats, so a large batch comes out short, and data of exactly `context`
tokens raises no `ValueError`."""

import torch
import torch.nn.functional as F
from torch import nn

from ch2_embeddings.embedding import Embedding


def check(data, context):
    if context < 1:
        raise ValueError(f"bad context {context}")
    if len(data) < context:
        raise ValueError(f"data of length {len(data)} is shorter than context {context}")


def sample_windows(data, context, batch_size, generator):
    check(data, context)
    # shuffle all the starts and take the first few
    order = torch.randperm(len(data) - context, generator=generator)
    starts = order[:batch_size]
    x = data[starts.unsqueeze(1) + torch.arange(context)]
    y = data[starts + context]
    return x, y


class ToyLM(nn.Module):
    def __init__(self, vocab_size, dim):
        super().__init__()
        self.embed = Embedding(vocab_size, dim)
        self.head = nn.Linear(dim, vocab_size)

    def forward(self, x):
        x = self.embed(x)
        x = x.mean(dim=1)
        x = self.head(x)
        return x


def mean_loss(model, data, context):
    check(data, context)
    starts = torch.arange(len(data) - context)
    x = data[starts.unsqueeze(1) + torch.arange(context)]
    y = data[starts + context]
    with torch.no_grad():
        loss = F.cross_entropy(model(x), y)
    return loss.item()


def train_toy_lm(model, data, context, steps, batch_size, lr, generator):
    not_frozen = []
    for p in model.parameters():
        if p.requires_grad:
            not_frozen.append(p)
    optimizer = torch.optim.Adam(not_frozen, lr=lr)

    losses = []
    for i in range(steps):
        x, y = sample_windows(data, context, batch_size, generator)
        loss = F.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses
