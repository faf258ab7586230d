"""`apply_rotary` ignores its argument `base` and always works with 10000."""

import torch
from torch import Tensor


def _cos_sin(positions: Tensor, d_head: int, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    exponent = torch.arange(0, d_head, 2, dtype=dtype, device=positions.device) / d_head
    frequencies = 10000.0**-exponent
    angles = positions.to(dtype).unsqueeze(-1) * frequencies
    return angles.cos(), angles.sin()


def apply_rotary(x: Tensor, positions: Tensor, base: float = 10000.0) -> Tensor:
    d_head = x.shape[-1]
    if d_head % 2:
        raise ValueError(f"cannot make pairs from d_head = {d_head}")
    dtype = x.dtype if x.dtype == torch.float64 else torch.float32
    cos, sin = _cos_sin(positions, d_head, dtype)

    evens = x[..., 0::2].to(dtype)
    odds = x[..., 1::2].to(dtype)
    result = torch.empty_like(x)
    result[..., 0::2] = (evens * cos - odds * sin).to(x.dtype)
    result[..., 1::2] = (evens * sin + odds * cos).to(x.dtype)
    return result
