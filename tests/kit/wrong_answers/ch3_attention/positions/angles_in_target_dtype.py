"""`sinusoidal_positions` works out positions and angles in `dtype` itself and so is far off in float16 and bfloat16."""

import torch
from torch import nn


def sinusoidal_positions(length, d_model, dtype=None, device=None):
    if dtype is None:
        dtype = torch.get_default_dtype()
    pos = torch.arange(length, dtype=dtype, device=device)
    dim = torch.arange(0, d_model, 2, dtype=dtype, device=device)
    inv_freq = 1.0 / (10000.0 ** (dim / d_model))
    sinusoid = pos[:, None] * inv_freq[None, :]
    table = torch.empty(length, d_model, dtype=dtype, device=device)
    table[:, 0::2] = sinusoid.sin()
    table[:, 1::2] = sinusoid.cos()[:, : d_model // 2]
    return table


class LearnedPositions(nn.Module):
    def __init__(self, max_len, d_model):
        super().__init__()
        self.weight = nn.Parameter(torch.normal(0.0, 0.02, size=(max_len, d_model)))

    def forward(self, x):
        b, t, d = x.shape
        if t > len(self.weight):
            raise ValueError(f"Cannot embed {t} positions, max_len is {len(self.weight)}")
        return x + self.weight[:t].expand(b, t, d)
