"""`sinusoidal_positions` puts all sines in the first half and all cosines in the second, not in turn."""

import math

import torch
from torch import Tensor, nn


def sinusoidal_positions(
    length: int,
    d_model: int,
    dtype: torch.dtype | None = None,
    device: torch.device | str | None = None,
) -> Tensor:
    half_dim = math.ceil(d_model / 2)
    two_i = 2 * torch.arange(half_dim, dtype=torch.float64, device=device)
    freqs = torch.exp(two_i * (-math.log(10000.0) / d_model))
    angles = torch.outer(torch.arange(length, dtype=torch.float64, device=device), freqs)
    emb = torch.cat([torch.sin(angles), torch.cos(angles)], dim=1)
    if d_model % 2 == 1:
        emb = emb[:, :-1]
    return emb.to(torch.get_default_dtype() if dtype is None else dtype)


class LearnedPositions(nn.Module):
    def __init__(self, max_len: int, d_model: int) -> None:
        super().__init__()
        weight = torch.empty(max_len, d_model).normal_(std=0.02)
        self.weight = nn.Parameter(weight)

    def forward(self, x: Tensor) -> Tensor:
        max_len, _ = self.weight.shape
        _, seq, _ = x.shape
        if seq > max_len:
            raise ValueError(f"got {seq} positions, but the table has only {max_len}")
        return torch.add(x, self.weight[:seq])
