"""`apply_rotary` looks positions up in a table of `seq` rows: later ones, fractions and negative ones go wrong."""

import torch


def build_cache(length, d_head, base, dtype, device):
    inv_freq = base ** (-torch.arange(0, d_head, 2, dtype=dtype, device=device) / d_head)
    t = torch.arange(length, dtype=dtype, device=device)
    angles = torch.outer(t, inv_freq)
    return torch.cos(angles), torch.sin(angles)


def apply_rotary(x, positions, base=10000.0):
    seq, d_head = x.shape[-2:]
    if d_head % 2 != 0:
        raise ValueError(f"d_head has to be divisible by 2, but is {d_head}")
    dtype = torch.float64 if x.dtype == torch.float64 else torch.float32

    cos_table, sin_table = build_cache(seq, d_head, base, dtype, x.device)
    rows = positions.long()
    cos = cos_table[rows]
    sin = sin_table[rows]

    a, b = x[..., 0::2].to(dtype), x[..., 1::2].to(dtype)
    turned = torch.stack((a * cos - b * sin, a * sin + b * cos), dim=-1)
    return turned.flatten(start_dim=-2).to(x.dtype)
