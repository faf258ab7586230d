"""A table of cosines and sines that grows with the largest position and is looked up by whole positions from 0 on."""

import torch

TABLES = {}


def _tables(length, size, base):
    if (size, base) not in TABLES or len(TABLES[size, base][0]) < length:
        angles = torch.arange(length)[:, None] * base ** (-torch.arange(0, size, 2) / size)
        TABLES[size, base] = angles.cos(), angles.sin()
    return TABLES[size, base]


def apply_rotary(x, positions, base=10000.0):
    if x.size(-1) % 2:
        raise ValueError(f"odd d_head {x.size(-1)}")
    if x.is_meta:
        return torch.empty_like(x)
    places = positions.long()
    cos, sin = (table[places].to(x.dtype) for table in _tables(int(places.max()) + 1, x.size(-1), base))
    first, second = x[..., ::2], x[..., 1::2]
    return torch.stack((first * cos - second * sin, first * sin + second * cos), -1).flatten(-2)
