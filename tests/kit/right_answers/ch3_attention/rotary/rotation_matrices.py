"""A matrix of two rows and two columns for each position and pair, applied by einsum."""

import math

import torch


def apply_rotary(x, positions, base=10000.0):
    *front, d_head = x.shape
    if d_head & 1:
        raise ValueError("d_head = " + str(d_head))
    wide = x.double() if x.dtype == torch.float64 else x.float()
    steps = torch.arange(d_head // 2, device=x.device, dtype=wide.dtype)
    rates = torch.exp(steps * (-2.0 * math.log(base) / d_head))
    angles = positions.to(wide)[..., None] * rates
    rows = torch.stack([angles.cos(), -angles.sin()], -1), torch.stack([angles.sin(), angles.cos()], -1)
    matrices = torch.stack(rows, dim=-2)
    pairs = wide.reshape(*front, d_head // 2, 2)
    return torch.einsum("...ij,...j->...i", matrices, pairs).reshape(x.shape).to(x.dtype)
