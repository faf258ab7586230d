"""`LearnedPositions.forward` adds the rows to `x` in place, so the caller's tensor is changed."""

import torch
from torch import nn


def sinusoidal_positions(length, d_model, dtype=None, device=None):
    i = torch.arange((d_model + 1) // 2, dtype=torch.float64)
    wavelength = 10000.0 ** (2 * i / d_model)
    angles = torch.einsum("p,i->pi", torch.arange(length, dtype=torch.float64), 1 / wavelength)
    pairs = torch.stack([angles.sin(), angles.cos()], dim=2)
    table = pairs.reshape(length, 2 * len(i))[:, :d_model]
    if dtype is None:
        dtype = torch.get_default_dtype()
    return table.to(dtype).to(device) if device is not None else table.to(dtype)


class LearnedPositions(nn.Module):
    def __init__(self, max_len, d_model):
        super().__init__()
        self.max_len = max_len
        self.weight = nn.Parameter(torch.randn(max_len, d_model) * 0.02)

    def forward(self, x):
        seq = x.size(1)
        if seq > self.max_len:
            raise ValueError(f"the sequence has {seq} tokens, more than max_len {self.max_len}")
        x += self.weight[:seq]
        return x
