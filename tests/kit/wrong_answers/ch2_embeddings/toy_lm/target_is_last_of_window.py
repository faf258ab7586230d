"""`sample_windows` returns the last token of each window as its target, not the token that follows the window."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ch2_embeddings.embedding import Embedding


def _n_windows(data: Tensor, context: int) -> int:
    if context <= 0:
        raise ValueError(f"context must be positive, got {context}")
    n = data.numel() - context
    if n <= 0:
        raise ValueError(f"got only {data.numel()} tokens")
    return n


def sample_windows(data: Tensor, context: int, batch_size: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    n = _n_windows(data, context)
    starts = torch.randint(low=0, high=n, size=(batch_size, 1), generator=generator)
    offsets = torch.arange(context).unsqueeze(0)
    windows = data[starts + offsets]
    targets = data[starts.squeeze(1) + context - 1]
    return windows, targets


class ToyLM(nn.Module):
    """Mean of the word vectors, then a linear layer."""

    def __init__(self, vocab_size: int, dim: int) -> None:
        super().__init__()
        self.embed = Embedding(vocab_size, dim)
        self.head = nn.Linear(dim, vocab_size)

    def forward(self, x: Tensor) -> Tensor:
        vectors = self.embed(x)
        pooled = vectors.sum(dim=1) / vectors.shape[1]
        return self.head(pooled)


def mean_loss(model: nn.Module, data: Tensor, context: int) -> float:
    n = _n_windows(data, context)
    index = torch.arange(n).unsqueeze(1) + torch.arange(context).unsqueeze(0)
    with torch.no_grad():
        logits = model(data[index])
        loss = F.cross_entropy(logits, data[context:], reduction="mean")
    return float(loss)


def train_toy_lm(
    model: nn.Module,
    data: Tensor,
    context: int,
    steps: int,
    batch_size: int,
    lr: float,
    generator: torch.Generator,
) -> list[float]:
    trainable = filter(lambda p: p.requires_grad, model.parameters())
    opt = torch.optim.Adam(trainable, lr=lr)
    history: list[float] = []
    for _ in range(steps):
        windows, targets = sample_windows(data, context, batch_size, generator)
        opt.zero_grad()
        loss = F.cross_entropy(model(windows), targets)
        loss.backward()
        opt.step()
        history.append(loss.item())
    return history
