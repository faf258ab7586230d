"""`sinusoidal_positions` makes as many cosines as sines, so an odd `d_model` ends in a shape error."""

import math

import torch
from torch import nn


def sinusoidal_positions(length, d_model, dtype=None, device=None):
    pe = torch.zeros(length, d_model, dtype=torch.float64)
    position = torch.arange(0, length, dtype=torch.float64).unsqueeze(1)
    # compute the frequencies once in log space
    div_term = torch.exp(torch.arange(0, d_model, 2, dtype=torch.float64) * -(math.log(10000.0) / d_model))
    pe[:, 0::2] = torch.sin(position * div_term)
    pe[:, 1::2] = torch.cos(position * div_term)
    return pe.to(device=device, dtype=dtype or torch.get_default_dtype())


class LearnedPositions(nn.Module):
    def __init__(self, max_len, d_model):
        super().__init__()
        self.weight = nn.Parameter(0.02 * torch.randn(max_len, d_model))

    def forward(self, x):
        seq_len = x.size(1)
        if seq_len > self.weight.size(0):
            raise ValueError(f"max_len is {self.weight.size(0)}, but the input has {seq_len} positions")
        return x + self.weight[:seq_len, :]
