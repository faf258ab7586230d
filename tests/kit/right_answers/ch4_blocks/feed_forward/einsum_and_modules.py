"""Weights by einsum, the activation as a module, GELU from the distribution's complement."""

import math

import torch
from torch import nn


def gelu(x):
    return x * torch.special.ndtr(x)


def gelu_tanh(x):
    inner = (2 / math.pi) ** 0.5 * x * (1 + 0.044715 * torch.square(x))
    return torch.sigmoid(2 * inner) * x


class _Call(nn.Module):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


class FeedForward(nn.Module):
    def __init__(self, d_model, d_ff, activation=gelu):
        super().__init__()
        self.down = nn.Linear(d_ff, d_model)
        self.up = nn.Linear(d_model, d_ff)
        self.middle = _Call(activation)

    def forward(self, x):
        wide = torch.einsum("...d,fd->...f", x, self.up.weight) + self.up.bias
        return torch.einsum("...f,df->...d", self.middle(wide), self.down.weight) + self.down.bias


class SwiGLU(nn.Module):
    def __init__(self, d_model, d_ff):
        super().__init__()
        self.up = nn.Linear(d_model, d_ff, bias=False)
        self.gate = nn.Linear(d_model, d_ff, bias=False)
        self.down = nn.Linear(d_ff, d_model, bias=False)

    def forward(self, x):
        gate = self.gate(x)
        return self.down(self.up(x) * gate / (1 + torch.exp(-gate)))
