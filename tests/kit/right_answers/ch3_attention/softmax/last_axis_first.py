"""Moves the axis to the end, clamps the shift and the sum instead of replacing them."""

import torch


def softmax(x, dim):
    rows = torch.movedim(x, dim, -1)
    shift = rows.max(-1)[0].clamp(min=torch.finfo(x.dtype).min).unsqueeze(-1)
    powers = torch.pow(torch.e, rows - shift) if x.dtype == torch.float64 else torch.exp(rows - shift)
    weights = powers / torch.clamp(powers.sum(-1, keepdim=True), min=torch.finfo(x.dtype).tiny)
    return torch.movedim(weights, -1, dim)
