"""Each pair is a complex number, and turning it is a product with e^(i angle)."""

import torch


def apply_rotary(x, positions, base=10000.0):
    if x.size(-1) % 2 == 1:
        raise ValueError(f"odd d_head: {x.size(-1)}")
    work = torch.float64 if x.dtype == torch.float64 else torch.float32
    half = x.size(-1) // 2
    frequencies = 1.0 / (base ** (torch.arange(half, dtype=work, device=x.device) * 2 / x.size(-1)))
    angles = positions.to(x.device, work).unsqueeze(-1) * frequencies
    pairs = torch.view_as_complex(x.to(work).unflatten(-1, (half, 2)).contiguous())
    turned = pairs * torch.polar(torch.ones_like(angles), angles)
    return torch.view_as_real(turned).flatten(-2).type_as(x)
