"""As published models have it: `_norm` apart from the scale, float32 inside for the half dtypes, eps as a buffer."""

import torch
from torch import nn


class LayerNorm(nn.Module):
    def __init__(self, d_model, eps=1e-5):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(d_model))
        self.bias = nn.Parameter(torch.zeros(d_model))
        self.register_buffer("variance_epsilon", torch.tensor(eps, dtype=torch.float64), persistent=False)

    def forward(self, hidden_states):
        input_dtype = hidden_states.dtype
        x = hidden_states.float() if input_dtype.itemsize == 2 else hidden_states
        u = x.mean(-1, keepdim=True)
        s = (x - u).pow(2).mean(-1, keepdim=True)
        x = (x - u) / torch.sqrt(s + self.variance_epsilon.to(s.dtype))
        return (self.weight * x + self.bias).to(input_dtype)


class RMSNorm(torch.nn.Module):
    def __init__(self, d_model, eps=1e-5):
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(d_model))

    def _norm(self, x):
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.eps)

    def forward(self, x):
        output = self._norm(x if x.dtype == torch.float64 else x.float()).type_as(x)
        return output * self.weight
