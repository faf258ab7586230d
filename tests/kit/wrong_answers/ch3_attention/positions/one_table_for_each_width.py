"""Tables are kept by width, in the dtype and on the device of the first call; longer ones are made anew."""

import math

import torch
from torch import nn

TABLES = {}


def sinusoidal_positions(length, d_model, dtype=None, device=None):
    if d_model not in TABLES or len(TABLES[d_model]) < length:
        column = torch.arange(d_model) // 2 * 2
        angles = torch.arange(length)[:, None] * torch.exp(column * (-math.log(10000.0) / d_model))
        table = torch.where(torch.arange(d_model) % 2 == 0, angles.sin(), angles.cos())
        TABLES[d_model] = table.to(dtype=dtype or torch.get_default_dtype(), device=device)
    return TABLES[d_model][:length]


class LearnedPositions(nn.Module):
    def __init__(self, max_len, d_model):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(max_len, d_model).normal_(std=0.02))

    def forward(self, x):
        if x.shape[1] > len(self.weight):
            raise ValueError(f"{x.shape[1]} > {len(self.weight)}")
        return x + self.weight[: x.shape[1]]
