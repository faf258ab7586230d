"""`apply_rotary` works out the angles in the dtype of `x`, so they are far off in bfloat16 and float16."""

import torch


def apply_rotary(x, positions, base=10000.0):
    head_size = x.size(-1)
    if head_size % 2 != 0:
        raise ValueError(f"head size {head_size} is odd")

    inv_freq = 1.0 / (base ** (torch.arange(0, head_size, 2, device=x.device).to(x.dtype) / head_size))
    ang = positions.to(x.dtype).unsqueeze(-1) * inv_freq
    cos = ang.cos()
    sin = ang.sin()

    x_even = x[..., ::2]
    x_odd = x[..., 1::2]
    out_even = x_even * cos - x_odd * sin
    out_odd = x_even * sin + x_odd * cos
    return torch.stack((out_even, out_odd), dim=-1).reshape(x.shape)
