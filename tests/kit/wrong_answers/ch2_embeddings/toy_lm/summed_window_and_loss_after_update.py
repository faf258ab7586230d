"""`ToyLM.forward` sums the vectors of the window in place of their mean and `train_toy_lm` records each loss after the
update, not before it."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ch2_embeddings.embedding import Embedding


def _require(data: Tensor, context: int) -> int:
    n_tokens = data.shape[0]
    if context < 1:
        raise ValueError(f"context has to be 1 or more, it is {context}")
    if n_tokens <= context:
        raise ValueError(f"{n_tokens} tokens do not hold a window and its target (context {context})")
    return n_tokens


def sample_windows(data: Tensor, context: int, batch_size: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    n_tokens = _require(data, context)
    begin = torch.randint(n_tokens - context, (batch_size,), generator=generator)
    steps = torch.arange(context)
    return data[begin.view(-1, 1) + steps.view(1, -1)], data[begin + context]


class ToyLM(nn.Module):
    def __init__(self, vocab_size: int, dim: int) -> None:
        super().__init__()
        self.embed = Embedding(vocab_size, dim)
        self.head = nn.Linear(dim, vocab_size)

    def forward(self, x: Tensor) -> Tensor:
        bag = self.embed(x).sum(dim=1)
        return self.head(bag)


def mean_loss(model: nn.Module, data: Tensor, context: int) -> float:
    n_tokens = _require(data, context)
    begin = torch.arange(n_tokens - context).view(-1, 1)
    x = data[begin + torch.arange(context).view(1, -1)]
    y = data[context:]
    with torch.no_grad():
        return F.cross_entropy(model(x), y).item()


def train_toy_lm(
    model: nn.Module,
    data: Tensor,
    context: int,
    steps: int,
    batch_size: int,
    lr: float,
    generator: torch.Generator,
) -> list[float]:
    learn = [p for p in model.parameters() if p.requires_grad]
    adam = torch.optim.Adam(learn, lr=lr)
    curve = []
    for _ in range(steps):
        x, y = sample_windows(data, context, batch_size, generator)
        adam.zero_grad()
        F.cross_entropy(model(x), y).backward()
        adam.step()
        with torch.no_grad():
            curve.append(F.cross_entropy(model(x), y).item())
    return curve
