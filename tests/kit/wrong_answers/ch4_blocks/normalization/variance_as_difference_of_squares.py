"""`LayerNorm` takes the mean of squares less the squared mean as variance, which has no digits for large numbers."""

import torch
from torch import nn


def to_compute_dtype(x):
    is_half = x.dtype == torch.float16 or x.dtype == torch.bfloat16
    return x.float() if is_half else x


class LayerNorm(nn.Module):
    def __init__(self, d_model, eps=1e-5):
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(d_model))
        self.bias = nn.Parameter(torch.zeros(d_model))

    def forward(self, x):
        y = to_compute_dtype(x)
        n = y.shape[-1]
        mean = y.sum(dim=-1, keepdim=True) / n
        mean_of_squares = (y * y).sum(dim=-1, keepdim=True) / n
        # Var[x] = E[x^2] - E[x]^2, never below zero
        var = (mean_of_squares - mean * mean).clamp(min=0.0)
        y = (y - mean) / (var + self.eps).sqrt()
        y = y * self.weight + self.bias
        return y.to(x.dtype)


class RMSNorm(nn.Module):
    def __init__(self, d_model, eps=1e-5):
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(d_model))

    def forward(self, x):
        y = to_compute_dtype(x)
        n = y.shape[-1]
        mean_of_squares = (y * y).sum(dim=-1, keepdim=True) / n
        y = y / (mean_of_squares + self.eps).sqrt()
        return (y * self.weight).to(x.dtype)
