"""`apply_rotary` has the signs of the sines swapped, so every pair turns clockwise instead of anticlockwise."""

import torch


def apply_rotary(x, positions, base=10000.0):
    d = x.size(-1)
    if d % 2 == 1:
        raise ValueError(f"d_head must be even, got {d}")
    work = torch.float64 if x.dtype == torch.float64 else torch.float32

    # theta_i = base^(-2i / d)
    two_i = torch.arange(0, d, 2, device=x.device, dtype=work)
    theta = torch.pow(base, -two_i / d)
    angle = positions.to(work)[..., None] * theta

    pairs = x.to(work).reshape(*x.shape[:-1], d // 2, 2)
    x0, x1 = pairs[..., 0], pairs[..., 1]
    c, s = torch.cos(angle), torch.sin(angle)
    y0 = c * x0 + s * x1
    y1 = -s * x0 + c * x1
    y = torch.stack([y0, y1], dim=-1).reshape(x.shape)
    return y.to(x.dtype)
