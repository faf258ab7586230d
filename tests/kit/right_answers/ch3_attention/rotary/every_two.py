"""The published way with every angle written twice, sine and cosine rounded to the dtype of the input."""

import torch


def _fixed(dim, positions, base, dtype):
    inv_freq = 1.0 / (base ** (torch.arange(0, dim, 2, dtype=dtype, device=positions.device) / dim))
    angles = torch.einsum("...i,j->...ij", positions.to(dtype), inv_freq)
    return angles.sin(), angles.cos()


def _rotate_every_two(x):
    x1 = x[..., ::2]
    x2 = x[..., 1::2]
    return torch.stack((-x2, x1), dim=-1).reshape(x.shape)


def apply_rotary(x, positions, base=10000.0):
    dim = x.shape[-1]
    if dim % 2 != 0:
        raise ValueError(f"rotary needs an even head size, got {dim}")
    tables = _fixed(dim, positions, base, torch.float64 if x.dtype is torch.float64 else torch.float32)
    sin, cos = (torch.repeat_interleave(table, 2, dim=-1).to(x) for table in tables)
    return x * cos + _rotate_every_two(x) * sin
