"""`gelu_tanh` has 0.44715 for the constant 0.044715."""

from math import pi, sqrt

import torch
import torch.nn.functional as F
from torch import nn


def gelu(x):
    return 0.5 * x * (1 + torch.erf(x / sqrt(2)))


def gelu_tanh(x):
    return 0.5 * x * (1 + torch.tanh(sqrt(2 / pi) * (x + 0.44715 * x**3)))


class FeedForward(nn.Module):
    """Position-wise MLP, as in GPT-2."""

    def __init__(self, d_model, d_ff, activation=gelu):
        super().__init__()
        self.up = nn.Linear(d_model, d_ff)
        self.down = nn.Linear(d_ff, d_model)
        self.activation = activation

    def forward(self, x):
        h = self.activation(self.up(x))
        return self.down(h)


class SwiGLU(nn.Module):
    def __init__(self, d_model, d_ff):
        super().__init__()
        self.gate = nn.Linear(d_model, d_ff, bias=False)
        self.up = nn.Linear(d_model, d_ff, bias=False)
        self.down = nn.Linear(d_ff, d_model, bias=False)

    def forward(self, x):
        g = F.silu(self.gate(x))
        return self.down(g * self.up(x))
