"""Windows stacked one by one, torch's own embedding, the loss from log_softmax, the mean as a product."""

import torch
from torch import nn


def sample_windows(data, context, batch_size, generator):
    if context < 1 or data.numel() < context + 1:
        raise ValueError(f"no window of {context} with a target in {data.numel()} tokens")
    x, y = [], []
    for u in torch.rand(batch_size, generator=generator).tolist():
        start = int(u * (data.numel() - context))
        x.append(data[start : start + context])
        y.append(data[start + context])
    return torch.stack(x), torch.stack(y)


class ToyLM(nn.Module):
    def __init__(self, vocab_size, dim):
        super().__init__()
        self.head = nn.Linear(dim, vocab_size, bias=True)
        self.embed = nn.Embedding(vocab_size, dim)

    def forward(self, x):
        vectors = self.embed(x)
        share = vectors.new_full((x.shape[1],), 1 / x.shape[1])
        mean = torch.einsum("bcd,c->bd", vectors, share)
        return mean @ self.head.weight.T + self.head.bias


@torch.no_grad()
def mean_loss(model, data, context):
    if context < 1 or len(data) - context < 1:
        raise ValueError(f"context {context} does not fit {len(data)} tokens")
    total = 0.0
    for start in range(len(data) - context):
        logits = model(data[None, start : start + context])[0]
        total += float(torch.logsumexp(logits, 0) - logits[data[start + context]])
    return total / (len(data) - context)


def train_toy_lm(model, data, context, steps, batch_size, lr, generator):
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    losses = []
    for _ in range(steps):
        x, y = sample_windows(data, context, batch_size, generator)
        logged = model(x).log_softmax(dim=-1)
        loss = -logged[torch.arange(batch_size), y].mean()
        for parameter in model.parameters():
            parameter.grad = None
        loss.backward()
        optimizer.step()
        losses.append(float(loss))
    return losses
