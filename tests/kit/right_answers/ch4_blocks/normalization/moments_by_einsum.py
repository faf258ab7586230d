"""Mean and mean square by einsum, the variance as their difference, all in float64, with a class in common."""

import torch
from torch import nn


class _Norm(nn.Module):
    def __init__(self, size, eps):
        super().__init__()
        self.size, self.eps = size, eps
        self.register_parameter("weight", nn.Parameter(torch.full((size,), 1.0)))

    def moments(self, x):
        total = torch.einsum("...d->...", x)
        squares = torch.einsum("...d,...d->...", x, x)
        return total.unsqueeze(-1) / self.size, squares.unsqueeze(-1) / self.size


class LayerNorm(_Norm):
    def __init__(self, d_model, eps=1e-5):
        super().__init__(d_model, eps)
        self.register_parameter("bias", nn.Parameter(torch.full((d_model,), 0.0)))

    def forward(self, x):
        wide = x.double()
        mean, mean_square = self.moments(wide)
        variance = (mean_square - mean * mean).clamp(min=0)
        slope = self.weight.double() * (variance + self.eps) ** -0.5
        return (slope * wide + (self.bias.double() - slope * mean)).to(dtype=x.dtype)


class RMSNorm(_Norm):
    def __init__(self, d_model, eps=1e-5):
        super().__init__(d_model, eps)

    def forward(self, x):
        wide = x.double()
        _, mean_square = self.moments(wide)
        return (wide / (mean_square + self.eps).pow(0.5) * self.weight.double()).to(dtype=x.dtype)
