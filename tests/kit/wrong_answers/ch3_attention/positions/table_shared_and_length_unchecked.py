"""`sinusoidal_positions` hands out one cached table again and again and `LearnedPositions` checks no length."""

import functools

import torch
from torch import Tensor, nn


@functools.lru_cache(maxsize=None)
def sinusoidal_positions(
    length: int,
    d_model: int,
    dtype: torch.dtype | None = None,
    device: torch.device | str | None = None,
) -> Tensor:
    pos = torch.arange(length, dtype=torch.float64)
    rows = []
    for column in range(d_model):
        angle = pos / 10000 ** ((column - column % 2) / d_model)
        rows.append(torch.cos(angle) if column % 2 else torch.sin(angle))
    table = torch.stack(rows, dim=1)
    return table.to(dtype=dtype or torch.get_default_dtype(), device=device)


class LearnedPositions(nn.Module):
    def __init__(self, max_len: int, d_model: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(max_len, d_model))
        torch.nn.init.normal_(self.weight, std=0.02)

    def forward(self, x: Tensor) -> Tensor:
        _, seq, _ = x.shape
        return x + self.weight[:seq]
