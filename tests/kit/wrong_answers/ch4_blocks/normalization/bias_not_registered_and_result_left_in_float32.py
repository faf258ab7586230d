"""`LayerNorm` keeps `bias` as a plain tensor, not a parameter, and leaves half precision results in float32."""

import torch
from torch import nn


class LayerNorm(nn.Module):
    def __init__(self, d_model, eps=1e-5):
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(d_model))
        self.bias = torch.zeros(d_model, requires_grad=True)

    def forward(self, x):
        if x.dtype == torch.float16 or x.dtype == torch.bfloat16:
            x = x.float()
        mean = x.mean(dim=-1, keepdim=True)
        diff = x - mean
        var = (diff**2).mean(dim=-1, keepdim=True)
        return self.weight * diff / torch.sqrt(var + self.eps) + self.bias


class RMSNorm(nn.Module):
    def __init__(self, d_model, eps=1e-5):
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(d_model))

    def forward(self, x):
        dtype = x.dtype
        if dtype == torch.float16 or dtype == torch.bfloat16:
            x = x.float()
        mean_square = (x**2).mean(dim=-1, keepdim=True)
        x = self.weight * x / torch.sqrt(mean_square + self.eps)
        return x.to(dtype)
