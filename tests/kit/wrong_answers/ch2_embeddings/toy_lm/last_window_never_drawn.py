"""`sample_windows` draws starts below `len(data) - context - 1`, so the last window of the data never comes."""

import torch
import torch.nn as nn
from torch.nn import functional as F

from ch2_embeddings.embedding import Embedding


def _assert_long_enough(data, context):
    if context < 1:
        raise ValueError(f"context={context} is too small")
    if data.size(0) <= context:
        raise ValueError(f"context={context} does not fit in the data")


def sample_windows(data, context, batch_size, generator):
    _assert_long_enough(data, context)
    # the -1 leaves room for the target
    ix = torch.randint(0, data.size(0) - context - 1, (batch_size,), generator=generator)
    x = torch.stack([data[i : i + context] for i in ix.tolist()])
    y = torch.stack([data[i + context] for i in ix.tolist()])
    return x, y


class ToyLM(nn.Module):
    def __init__(self, vocab_size, dim):
        super().__init__()
        self.embed = Embedding(vocab_size, dim)
        self.head = nn.Linear(dim, vocab_size, bias=True)

    def forward(self, x):
        tok_emb = self.embed(x)  # (b, t, d)
        h = tok_emb.mean(1)
        logits = self.head(h)
        return logits


@torch.no_grad()
def mean_loss(model, data, context):
    _assert_long_enough(data, context)
    n = data.size(0) - context
    x = torch.stack([data[i : i + context] for i in range(n)])
    y = data[context:]
    return F.cross_entropy(model(x), y).item()


def train_toy_lm(model, data, context, steps, batch_size, lr, generator):
    params = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.Adam(params, lr=lr)
    lossi = []
    for step in range(steps):
        xb, yb = sample_windows(data, context, batch_size, generator)
        loss = F.cross_entropy(model(xb), yb)
        lossi.append(loss.item())
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
    return lossi
