"""The window as counts of its ids, one matrix product in float32 whatever the weights are, a loss of its own."""

import numpy as np
import torch
from torch import nn

from ch2_embeddings.embedding import Embedding as Table


def check(data, context):
    n_windows = data.size(0) - context
    if context <= 0 or n_windows <= 0:
        raise ValueError("context %d, data of %d tokens" % (context, data.size(0)))
    return n_windows


def batch_at(data, starts, context):
    places = starts[:, None] + torch.arange(context + 1)[None, :]
    block = torch.take(data, places)
    return block[:, :context].contiguous(), block[:, context].contiguous()


def sample_windows(data, context, batch_size, generator):
    n_windows = check(data, context)
    starts = torch.empty(batch_size, dtype=torch.long).random_(0, n_windows, generator=generator)
    return batch_at(data, starts, context)


class ToyLM(nn.Module):
    def __init__(self, V, D):
        super().__init__()
        self.embed, self.head = Table(V, D), nn.Linear(D, V)

    def forward(self, x):
        weight = self.embed.weight
        counts = weight.new_zeros(len(x), len(weight), dtype=torch.float32)
        counts = counts.scatter_add(1, x, torch.ones_like(x, dtype=torch.float32))
        hidden = counts @ weight.float() / x.shape[-1]
        logits = torch.addmm(self.head.bias.float(), hidden, self.head.weight.float().t())
        return logits.type_as(weight)


def cross_entropy(logits, targets):
    shifted = logits - logits.max(dim=-1, keepdim=True).values.detach()
    return (shifted.exp().sum(-1).log() - shifted.gather(-1, targets.unsqueeze(-1)).squeeze(-1)).mean()


def mean_loss(model, data, context):
    x, y = batch_at(data, torch.arange(check(data, context)), context)
    with torch.no_grad():
        return float(cross_entropy(model(x), y))


def train_toy_lm(model, data, context, steps, batch_size, lr, generator):
    check(data, context)
    trainable = list(filter(lambda p: p.requires_grad, model.parameters()))
    optimizer = torch.optim.Adam([{"params": trainable, "lr": lr}])
    losses = np.zeros(steps)
    for step in range(steps):
        x, y = sample_windows(data, context, batch_size, generator)
        optimizer.zero_grad(set_to_none=False)
        loss = cross_entropy(model(x), y)
        losses[step] = loss.item()
        loss.backward()
        optimizer.step()
    return losses.tolist()
