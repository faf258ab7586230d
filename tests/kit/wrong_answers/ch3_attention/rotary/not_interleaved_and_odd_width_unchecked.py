"""`apply_rotary` leaves all even columns in front of the odd ones and does not reject an odd `d_head`."""

import torch
from torch import Tensor


def apply_rotary(x: Tensor, positions: Tensor, base: float = 10000.0) -> Tensor:
    d_head = x.shape[-1]
    compute = torch.float64 if x.dtype == torch.float64 else torch.float32

    freq = torch.tensor(base, dtype=compute, device=x.device) ** (
        torch.arange(0, d_head, 2, dtype=compute, device=x.device) / -d_head
    )
    phase = positions[..., None].to(compute) * freq

    x1 = x[..., 0::2]
    x2 = x[..., 1::2]
    y1 = x1 * torch.cos(phase) - x2 * torch.sin(phase)
    y2 = x1 * torch.sin(phase) + x2 * torch.cos(phase)
    return torch.cat([y1, y2], dim=-1).to(x.dtype)
