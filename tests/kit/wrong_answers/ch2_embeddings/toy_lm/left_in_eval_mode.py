"""`mean_loss` calls `model.eval()` and never goes back, so the model is left in another mode than it came in."""

import torch
from torch import nn
from torch.nn.functional import cross_entropy

from ch2_embeddings.embedding import Embedding


def _check_data(data, context):
    if context < 1:
        raise ValueError("context must be >= 1, got {}".format(context))
    if len(data) <= context:
        raise ValueError("cannot cut windows of {} from {} tokens".format(context, len(data)))


def sample_windows(data, context, batch_size, generator):
    _check_data(data, context)
    idx = torch.randint(high=len(data) - context, size=(batch_size,), generator=generator)
    positions = idx[:, None] + torch.arange(context + 1)[None, :]
    chunk = data[positions]
    return chunk[:, :-1], chunk[:, -1]


class ToyLM(nn.Module):
    def __init__(self, vocab_size, dim):
        super().__init__()
        self.embed = Embedding(vocab_size, dim)
        self.head = nn.Linear(dim, vocab_size)

    def forward(self, x):
        hidden_states = self.embed(x)
        pooled_output = hidden_states.mean(dim=1)
        return self.head(pooled_output)


@torch.no_grad()
def mean_loss(model, data, context):
    _check_data(data, context)
    model.eval()
    positions = torch.arange(len(data) - context)[:, None] + torch.arange(context)[None, :]
    logits = model(data[positions])
    return cross_entropy(logits, data[context:]).item()


def train_toy_lm(model, data, context, steps, batch_size, lr, generator):
    optimizer = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=lr)
    all_losses = []
    for _ in range(steps):
        input_ids, labels = sample_windows(data, context, batch_size, generator)
        loss = cross_entropy(model(input_ids), labels)
        all_losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return all_losses
