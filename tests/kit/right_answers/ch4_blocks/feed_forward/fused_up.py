"""Gate and up in one product, flat positions, the complement of erf, and a tanh by exponentials."""

import math

import torch
import torch.nn.functional as F
from torch import nn


def gelu(x):
    return 0.5 * x * torch.erfc(-x * math.sqrt(0.5))


def gelu_tanh(x):
    angle = math.sqrt(2 / math.pi) * (x + 0.044715 * torch.pow(x, 3))
    return x / (1 + torch.exp(-2 * angle.clamp(min=-300)))


class FeedForward(nn.Module):
    def __init__(self, d_model, d_ff, activation=gelu):
        super().__init__()
        self.up, self.down = nn.Linear(d_model, d_ff), nn.Linear(d_ff, d_model)
        self.activation = activation

    def forward(self, x):
        flat = x.reshape(-1, x.shape[-1])
        wide = torch.addmm(self.up.bias, flat, self.up.weight.t())
        narrow = torch.addmm(self.down.bias, self.activation(wide), self.down.weight.t())
        return narrow.view(x.shape)


class SwiGLU(nn.Module):
    def __init__(self, d_model, d_ff):
        super().__init__()
        self.gate = nn.Linear(d_model, d_ff, bias=False)
        self.up = nn.Linear(d_model, d_ff, bias=False)
        self.down = nn.Linear(d_ff, d_model, bias=False)
        self.silu = nn.SiLU()

    def forward(self, x):
        both = F.linear(x, torch.cat([self.gate.weight, self.up.weight]))
        gate, up = both.chunk(2, dim=-1)
        return F.linear(self.silu(gate) * up, self.down.weight)
