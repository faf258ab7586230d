"""Statistics of the whole batch in training, running ones in eval mode, as batch normalization has them."""

import torch
from torch import nn


class _Running(nn.Module):
    def __init__(self, d_model, eps):
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(d_model))
        self.register_buffer("running_var", torch.ones(d_model), persistent=False)
        self.register_buffer("running_mean", torch.zeros(d_model), persistent=False)

    def statistics(self, x):
        if not self.training:
            return self.running_mean, self.running_var
        flat = x.reshape(-1, x.shape[-1])
        mean, var = flat.mean(0), flat.var(0, correction=0)
        with torch.no_grad():
            self.running_mean.lerp_(mean.to(self.running_mean), 0.1)
            self.running_var.lerp_(var.to(self.running_var), 0.1)
        return mean, var


class LayerNorm(_Running):
    def __init__(self, d_model, eps=1e-5):
        super().__init__(d_model, eps)
        self.bias = nn.Parameter(torch.zeros(d_model))

    def forward(self, x):
        mean, var = self.statistics(x.float() if x.dtype.itemsize == 2 else x)
        return ((x - mean) * (var + self.eps).rsqrt() * self.weight + self.bias).to(x.dtype)


class RMSNorm(_Running):
    def __init__(self, d_model, eps=1e-5):
        super().__init__(d_model, eps)

    def forward(self, x):
        mean, var = self.statistics(x.float() if x.dtype.itemsize == 2 else x)
        return (x * (var + mean.square() + self.eps).rsqrt() * self.weight).to(x.dtype)
