"""`FeedForward` uses `gelu_tanh` when no activation is given and the projections of `SwiGLU` have a bias."""

import math

import torch
import torch.nn.functional as F
from torch import nn


def gelu(x):
    normal_cdf = (1 + torch.erf(x * math.sqrt(0.5))) * 0.5
    return x * normal_cdf


def gelu_tanh(x):
    # the form of OpenAI's GPT-2
    return 0.5 * x * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


class FeedForward(nn.Module):
    def __init__(self, d_model, d_ff, activation=gelu_tanh):
        super().__init__()
        self.up = nn.Linear(d_model, d_ff)
        self.down = nn.Linear(d_ff, d_model)
        self.activation = activation

    def forward(self, x):
        hidden = self.activation(self.up(x))
        return self.down(hidden)


class SwiGLU(nn.Module):
    def __init__(self, d_model, d_ff):
        super().__init__()
        self.gate = nn.Linear(d_model, d_ff)
        self.up = nn.Linear(d_model, d_ff)
        self.down = nn.Linear(d_ff, d_model)

    def forward(self, x):
        return self.down(F.silu(self.gate(x)) * self.up(x))
