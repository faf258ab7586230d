"""`RMSNorm` divides by the root of the sum of the squares, not of their mean, and its `eps` is 1e-6 unless given."""

import torch
from torch import nn


class LayerNorm(nn.Module):
    def __init__(self, d_model, eps=1e-5):
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(d_model))
        self.bias = nn.Parameter(torch.zeros(d_model))

    def forward(self, x):
        z = x if x.dtype == torch.float64 else x.float()
        centered = z - torch.mean(z, dim=-1, keepdim=True)
        variance = torch.mean(centered * centered, dim=-1, keepdim=True)
        z = centered * (variance + self.eps) ** -0.5
        return (z * self.weight + self.bias).to(x.dtype)


class RMSNorm(nn.Module):
    def __init__(self, d_model, eps=1e-6):
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(d_model))

    def _norm(self, x):
        return x * torch.rsqrt(x.pow(2).sum(-1, keepdim=True) + self.eps)

    def forward(self, x):
        z = x if x.dtype == torch.float64 else x.float()
        return (self._norm(z) * self.weight).to(x.dtype)
