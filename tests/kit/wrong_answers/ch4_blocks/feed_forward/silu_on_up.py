"""`SwiGLU.forward` sends `up` through SiLU and leaves `gate` as it is, the wrong way round."""

import math

import torch
import torch.nn.functional as F
from torch import nn


def gelu(x):
    share_below = 0.5 + 0.5 * torch.erf(x / math.sqrt(2))
    return x * share_below


def gelu_tanh(x):
    c = math.sqrt(2 / math.pi)
    cubic = x + 0.044715 * x.pow(3)
    return x * 0.5 * (1 + (c * cubic).tanh())


class FeedForward(nn.Module):
    def __init__(self, d_model, d_ff, activation=gelu):
        super().__init__()
        self.up = nn.Linear(d_model, d_ff)
        self.down = nn.Linear(d_ff, d_model)
        self.fn = activation

    def forward(self, x):
        return self.down(self.fn(self.up(x)))


class SwiGLU(nn.Module):
    def __init__(self, d_model, d_ff):
        super().__init__()
        self.up = nn.Linear(d_model, d_ff, bias=False)
        self.gate = nn.Linear(d_model, d_ff, bias=False)
        self.down = nn.Linear(d_ff, d_model, bias=False)

    def forward(self, x):
        x, gate = self.up(x), self.gate(x)
        return self.down(F.silu(x) * gate)
