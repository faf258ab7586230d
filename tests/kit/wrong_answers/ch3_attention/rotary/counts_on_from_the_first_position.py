"""The first position alone is read, as `start_pos` in published code: the others are taken to follow it."""

import torch


def apply_rotary(x, positions, base=10000.0):
    if x.shape[-1] % 2:
        raise ValueError(f"odd d_head {x.shape[-1]}")
    work = torch.float64 if x.dtype == torch.float64 else torch.float32
    half = torch.arange(x.shape[-1] // 2, dtype=work, device=x.device)
    places = positions[..., :1] + torch.arange(x.shape[-2], dtype=work, device=x.device)
    angles = places[..., None] * base ** (-2 * half / x.shape[-1])
    first, second = x[..., ::2], x[..., 1::2]
    turned = first * angles.cos() - second * angles.sin(), first * angles.sin() + second * angles.cos()
    return torch.stack(turned, -1).flatten(-2).to(x.dtype)
