"""`FeedForward` ignores its argument `activation` and always uses `gelu`."""

import math

import torch
from torch import nn


def gelu(x):
    """x times the normal distribution function."""
    return x * (torch.erf(x / math.sqrt(2.0)) + 1.0) * 0.5


def gelu_tanh(x):
    return x * (torch.tanh(math.sqrt(2.0 / math.pi) * (x + 0.044715 * (x * x * x))) + 1.0) * 0.5


class FeedForward(nn.Module):
    def __init__(self, d_model, d_ff, activation=gelu):
        super().__init__()
        self.d_model = d_model
        self.d_ff = d_ff
        self.activation = activation
        self.up = nn.Linear(d_model, d_ff)
        self.down = nn.Linear(d_ff, d_model)

    def forward(self, x):
        x = self.up(x)
        x = gelu(x)
        return self.down(x)


class SwiGLU(nn.Module):
    def __init__(self, d_model, d_ff):
        super().__init__()
        self.gate = nn.Linear(d_model, d_ff, bias=False)
        self.up = nn.Linear(d_model, d_ff, bias=False)
        self.down = nn.Linear(d_ff, d_model, bias=False)
        self.silu = nn.SiLU()

    def forward(self, x):
        return self.down(self.silu(self.gate(x)).mul(self.up(x)))
