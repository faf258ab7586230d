"""`mean_loss` averages the means of batches of 8 windows, so the windows of a shorter last batch count too much."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ch2_embeddings.embedding import Embedding


def sample_windows(data: Tensor, context: int, batch_size: int, generator: torch.Generator):
    windows = _all_windows(data, context)
    picked = windows[torch.randint(windows.shape[0], (batch_size,), generator=generator)]
    return picked[:, :context], picked[:, context]


def _all_windows(data: Tensor, context: int) -> Tensor:
    """Every run of context + 1 tokens, as rows."""
    if context < 1:
        raise ValueError(f"need at least one token of context, not {context}")
    if data.shape[0] <= context:
        raise ValueError(f"{data.shape[0]} tokens are too few for a context of {context}")
    return data.unfold(0, context + 1, 1)


class ToyLM(nn.Module):
    def __init__(self, vocab_size: int, dim: int) -> None:
        super().__init__()
        self.embed = Embedding(vocab_size, dim)
        self.head = nn.Linear(dim, vocab_size)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.embed(x).mean(dim=-2))


def mean_loss(model: nn.Module, data: Tensor, context: int) -> float:
    windows = _all_windows(data, context)
    losses = []
    with torch.no_grad():
        for chunk in windows.split(8):
            logits = model(chunk[:, :-1])
            losses.append(F.cross_entropy(logits, chunk[:, -1]))
    return torch.stack(losses).mean().item()


def train_toy_lm(model, data, context, steps, batch_size, lr, generator) -> list[float]:
    optimizer = torch.optim.Adam((p for p in model.parameters() if p.requires_grad), lr=lr)
    out = []
    for _ in range(steps):
        inputs, targets = sample_windows(data, context, batch_size, generator)
        optimizer.zero_grad()
        loss = F.cross_entropy(model(inputs), targets)
        out.append(loss.detach().item())
        loss.backward()
        optimizer.step()
    return out
