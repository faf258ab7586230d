"""`ToyLM.forward` ends with a softmax and returns probabilities, where logits are wanted."""

import torch
import torch.nn as nn
import torch.nn.functional as F

from ch2_embeddings.embedding import Embedding


def sample_windows(data, context, batch_size, generator):
    if context < 1:
        raise ValueError(f"context < 1: {context}")
    if len(data) <= context:
        raise ValueError(f"not enough tokens: {len(data)}")
    starts = torch.randint(0, len(data) - context, (batch_size,), generator=generator)
    x = torch.stack([data[s : s + context] for s in starts])
    y = torch.stack([data[s + context] for s in starts])
    return x, y


class ToyLM(nn.Module):
    """A bag of context vectors that predicts the next token."""

    def __init__(self, vocab_size, dim):
        super().__init__()
        self.vocab_size = vocab_size
        self.embed = Embedding(vocab_size, dim)
        self.head = nn.Linear(dim, vocab_size)

    def forward(self, x):
        e = self.embed(x)
        e = e.mean(dim=1)
        # one probability for each token of the vocabulary
        return F.softmax(self.head(e), dim=-1)


def mean_loss(model, data, context):
    if context < 1:
        raise ValueError(f"context < 1: {context}")
    if len(data) <= context:
        raise ValueError(f"not enough tokens: {len(data)}")
    xs = data.unfold(0, context, 1)[:-1]
    ys = data[context:]
    with torch.no_grad():
        return F.cross_entropy(model(xs), ys).item()


def train_toy_lm(model, data, context, steps, batch_size, lr, generator):
    optim = torch.optim.Adam([w for w in model.parameters() if w.requires_grad], lr=lr)
    losses = []
    while len(losses) < steps:
        x, y = sample_windows(data, context, batch_size, generator)
        optim.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optim.step()
        losses.append(loss.item())
    return losses
