"""`LayerNorm` adds `eps` to the standard deviation, behind the root, where it should stand under the root."""

import torch
from torch import nn


class LayerNorm(nn.Module):
    """See the paper for details."""

    def __init__(self, d_model, eps=1e-5):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(d_model))
        self.bias = nn.Parameter(torch.zeros(d_model))
        self.eps = eps

    def forward(self, x):
        dtype = x.dtype
        if dtype != torch.float64:
            x = x.float()
        mean = x.mean(-1, keepdim=True)
        std = x.std(-1, keepdim=True, unbiased=False)
        out = self.weight * (x - mean) / (std + self.eps) + self.bias
        return out.to(dtype)


class RMSNorm(nn.Module):
    def __init__(self, d_model, eps=1e-5):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(d_model))
        self.eps = eps

    def forward(self, x):
        dtype = x.dtype
        if dtype != torch.float64:
            x = x.float()
        rms = (x.square().mean(-1, keepdim=True) + self.eps).sqrt()
        return (self.weight * x / rms).to(dtype)
