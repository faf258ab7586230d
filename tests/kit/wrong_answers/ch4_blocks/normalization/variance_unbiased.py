"""`LayerNorm` uses `torch.var` as it is, which divides by d_model - 1 instead of d_model."""

import torch
from torch import nn


def _widen(x):
    if x.dtype in (torch.float16, torch.bfloat16):
        return x.to(torch.float32)
    return x


class LayerNorm(nn.Module):
    def __init__(self, d_model, eps=1e-5):
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(d_model))
        self.bias = nn.Parameter(torch.zeros(d_model))

    def forward(self, x):
        h = _widen(x)
        mu = h.mean(-1, keepdim=True)
        var = h.var(-1, keepdim=True)
        h = (h - mu) * torch.rsqrt(var + self.eps)
        return (self.weight * h + self.bias).type_as(x)


class RMSNorm(nn.Module):
    def __init__(self, d_model, eps=1e-5):
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(d_model))

    def forward(self, x):
        h = _widen(x)
        h = h * torch.rsqrt(h.pow(2).mean(-1, keepdim=True) + self.eps)
        return (self.weight * h).type_as(x)
