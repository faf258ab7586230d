"""`LayerNorm` takes mean and variance over all axes but the first, so positions of a sequence are mixed."""

import torch
from torch import Tensor, nn


class LayerNorm(nn.Module):
    def __init__(self, d_model: int, eps: float = 1e-5) -> None:
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(d_model))
        self.bias = nn.Parameter(torch.zeros(d_model))

    def forward(self, x: Tensor) -> Tensor:
        wide = x.to(torch.promote_types(x.dtype, torch.float32))
        # statistics of each sample of the batch
        dims = tuple(range(1, x.dim()))
        mean = wide.mean(dim=dims, keepdim=True)
        var = ((wide - mean) ** 2).mean(dim=dims, keepdim=True)
        x_hat = (wide - mean) / torch.sqrt(var + self.eps)
        return (x_hat * self.weight + self.bias).to(x.dtype)


class RMSNorm(nn.Module):
    def __init__(self, d_model: int, eps: float = 1e-5) -> None:
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(d_model))

    def forward(self, x: Tensor) -> Tensor:
        wide = x.to(torch.promote_types(x.dtype, torch.float32))
        ms = (wide**2).mean(dim=-1, keepdim=True)
        x_hat = wide / torch.sqrt(ms + self.eps)
        return (x_hat * self.weight).to(x.dtype)
