"""`train_toy_lm` never clears the gradients, so each step moves along the sum of all gradients so far."""

import torch
from torch import nn

from ch2_embeddings.embedding import Embedding


def check_arguments(data, context):
    if context < 1:
        raise ValueError(f"a context of {context} makes no sense")
    if len(data) < context + 1:
        raise ValueError(f"the data has {len(data)} tokens, which is too few")


def sample_windows(data, context, batch_size, generator):
    check_arguments(data, context)
    number_of_starts = len(data) - context
    start = torch.randint(number_of_starts, (batch_size,), generator=generator)

    xs = []
    for j in range(context):
        xs.append(data[start + j])
    x = torch.stack(xs, dim=1)
    y = data[start + context]
    return x, y


class ToyLM(nn.Module):
    def __init__(self, vocab_size, dim):
        super(ToyLM, self).__init__()
        self.embed = Embedding(vocab_size, dim)
        self.head = nn.Linear(dim, vocab_size)

    def forward(self, x):
        emb = self.embed(x)
        avg = torch.mean(emb, dim=1)
        return self.head(avg)


def mean_loss(model, data, context):
    check_arguments(data, context)
    total = 0.0
    count = 0
    criterion = nn.CrossEntropyLoss(reduction="sum")
    with torch.no_grad():
        for start in range(len(data) - context):
            x = data[start : start + context].unsqueeze(0)
            y = data[start + context].unsqueeze(0)
            total += criterion(model(x), y).item()
            count += 1
    return total / count


def train_toy_lm(model, data, context, steps, batch_size, lr, generator):
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=lr)

    losses = []
    for step in range(steps):
        x, y = sample_windows(data, context, batch_size, generator)
        logits = model(x)
        loss = criterion(logits, y)
        losses.append(loss.item())
        loss.backward()
        optimizer.step()
    return losses
