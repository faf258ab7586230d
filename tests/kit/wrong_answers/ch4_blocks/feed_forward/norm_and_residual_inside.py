"""A whole sub-layer: a normalization before the network and the input added behind it."""

import math

import torch
import torch.nn.functional as F
from torch import nn


def gelu(x):
    return 0.5 * x * (1 + torch.erf(x / math.sqrt(2)))


def gelu_tanh(x):
    return 0.5 * x * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


def _normal(x):
    return F.layer_norm(x, x.shape[-1:])


class FeedForward(nn.Module):
    def __init__(self, d_model, d_ff, activation=gelu):
        super().__init__()
        self.up, self.down = nn.Linear(d_model, d_ff), nn.Linear(d_ff, d_model)
        self.activation = activation

    def forward(self, x):
        return x + self.down(self.activation(self.up(_normal(x))))


class SwiGLU(nn.Module):
    def __init__(self, d_model, d_ff):
        super().__init__()
        self.gate = nn.Linear(d_model, d_ff, bias=False)
        self.up = nn.Linear(d_model, d_ff, bias=False)
        self.down = nn.Linear(d_ff, d_model, bias=False)

    def forward(self, x):
        y = _normal(x)
        return x + self.down(F.silu(self.gate(y)) * self.up(y))
