"""`apply_rotary` writes its result into `x` and works out the odd columns from the even ones already turned."""

import torch


def apply_rotary(x, positions, base=10000.0):
    d_head = x.shape[-1]
    if d_head % 2 != 0:
        raise ValueError(f"d_head = {d_head} is not even")
    dtype = torch.float64 if x.dtype == torch.float64 else torch.float32

    i = torch.arange(d_head // 2, dtype=dtype, device=x.device)
    theta = base ** (-2 * i / d_head)
    angles = positions.to(dtype).unsqueeze(-1) * theta
    cos, sin = torch.cos(angles), torch.sin(angles)

    first = x[..., 0::2]
    second = x[..., 1::2]
    x[..., 0::2] = first * cos - second * sin
    x[..., 1::2] = first * sin + second * cos
    return x
