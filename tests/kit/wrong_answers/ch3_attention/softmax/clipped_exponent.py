"""Clips the exponent to what exp can bear instead of subtracting anything, so large entries become equal."""

import torch


def softmax(x, dim=-1):
    powers = torch.exp(torch.clip(x.float(), -85.0, 85.0)) * (x > float("-inf"))
    return (powers / (powers.sum(dim, keepdim=True) + 1e-38)).to(x.dtype)
