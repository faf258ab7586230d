"""`gelu` takes erf(x) where it should take erf(x / √2)."""

import math

import torch
import torch.nn.functional as F
from torch import nn


def gelu(x):
    cdf = 0.5 * (1.0 + torch.erf(x))
    return x * cdf


def gelu_tanh(x):
    inner = math.sqrt(2.0 / math.pi) * (x + 0.044715 * torch.pow(x, 3.0))
    return 0.5 * x * (1.0 + torch.tanh(inner))


class FeedForward(nn.Module):
    def __init__(self, d_model, d_ff, activation=gelu):
        super().__init__()
        self.up = nn.Linear(d_model, d_ff)
        self.act = activation
        self.down = nn.Linear(d_ff, d_model)

    def forward(self, x):
        x = self.up(x)
        x = self.act(x)
        x = self.down(x)
        return x


class SwiGLU(nn.Module):
    def __init__(self, d_model, d_ff):
        super().__init__()
        self.gate = nn.Linear(d_model, d_ff, bias=False)
        self.up = nn.Linear(d_model, d_ff, bias=False)
        self.down = nn.Linear(d_ff, d_model, bias=False)

    def forward(self, x):
        hidden = F.silu(self.gate(x)) * self.up(x)
        return self.down(hidden)
