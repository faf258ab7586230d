"""Moves the axis to the end, clamps the shift and the sum instead of replacing them; only the sum is in float32."""

import torch


def softmax(x, dim):
    rows = torch.movedim(x, dim, -1)
    shift = rows.max(-1)[0].clamp(min=torch.finfo(x.dtype).min).unsqueeze(-1)
    powers = torch.pow(torch.e, rows - shift) if x.dtype == torch.float64 else torch.exp(rows - shift)
    total = powers.sum(-1, keepdim=True, dtype=torch.float64 if x.dtype == torch.float64 else torch.float32)
    weights = powers / torch.clamp(total, min=torch.finfo(total.dtype).tiny)
    return torch.movedim(weights, -1, dim).to(x.dtype)
