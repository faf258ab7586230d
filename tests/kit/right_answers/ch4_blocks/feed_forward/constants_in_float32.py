"""Published constants in float32, GELU and SiLU computed in float32 and converted back, functional layers."""

import math

import torch
import torch.nn.functional as F
from torch import nn


def gelu(x):
    cdf = 0.5 * (1.0 + torch.erf(x.float() / torch.sqrt(torch.tensor(2.0))))
    return x * cdf.type_as(x)


def gelu_tanh(x):
    return 0.5 * x * (1.0 + torch.tanh(torch.sqrt(torch.tensor(2.0 / math.pi)) * (x + 0.044715 * x**3)))


class FeedForward(nn.Module):
    def __init__(self, d_model, d_ff, activation=gelu):
        nn.Module.__init__(self)
        self.add_module("up", nn.Linear(d_model, d_ff))
        self.add_module("down", nn.Linear(d_ff, d_model))
        self._act = activation

    def forward(self, hidden):
        hidden = F.linear(hidden, self.up.weight, self.up.bias)
        hidden = self._act(hidden)
        return F.linear(hidden, self.down.weight, self.down.bias)


class SwiGLU(nn.Module):
    def __init__(self, d_model, d_ff):
        super().__init__()
        sizes = {"gate": (d_model, d_ff), "up": (d_model, d_ff), "down": (d_ff, d_model)}
        for name, (n_in, n_out) in sizes.items():
            setattr(self, name, nn.Linear(n_in, n_out, bias=False))

    def forward(self, x):
        return self.down(F.silu(self.gate(x).float()).type_as(x) * self.up(x))
