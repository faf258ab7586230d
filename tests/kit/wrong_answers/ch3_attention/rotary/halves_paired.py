"""`apply_rotary` pairs the first half of a vector with its second half, where neighbours should be a pair."""

import torch
from torch import Tensor


def rotate_half(x: Tensor) -> Tensor:
    """Rotates half the hidden dims of the input."""
    x1 = x[..., : x.shape[-1] // 2]
    x2 = x[..., x.shape[-1] // 2 :]
    return torch.cat((-x2, x1), dim=-1)


def apply_rotary(x: Tensor, positions: Tensor, base: float = 10000.0) -> Tensor:
    dim = x.shape[-1]
    if dim % 2 != 0:
        raise ValueError(f"the head dimension has to be even, got {dim}")
    dtype = torch.float64 if x.dtype == torch.float64 else torch.float32

    inv_freq = 1.0 / (base ** (torch.arange(0, dim, 2, dtype=dtype, device=x.device) / dim))
    freqs = positions.to(dtype).unsqueeze(-1) * inv_freq
    emb = torch.cat((freqs, freqs), dim=-1)
    cos, sin = emb.cos(), emb.sin()

    hidden = x.to(dtype)
    return (hidden * cos + rotate_half(hidden) * sin).to(x.dtype)
