"""x cos + (x turned by a quarter) sin, with every angle written twice."""

import torch


def apply_rotary(x, positions, base=10000.0):
    d = x.shape[-1]
    if d % 2:
        raise ValueError(f"d_head = {d} is odd")
    double = positions.to(torch.float64)
    column = torch.arange(d, dtype=torch.float64, device=x.device)
    frequency = torch.pow(base, -(column - column % 2) / d)
    angle = double.unsqueeze(-1) * frequency
    quarter = torch.empty_like(x)
    quarter[..., 0::2] = -x[..., 1::2]
    quarter[..., 1::2] = x[..., 0::2]
    return (x * angle.cos() + quarter * angle.sin()).to(x.dtype)
