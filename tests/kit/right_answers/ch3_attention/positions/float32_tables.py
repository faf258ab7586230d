"""Computed in float32 as most tutorials do, the wavelengths from exp and log, the learned rows by expand."""

import math

import torch
from torch import nn


def sinusoidal_positions(length, d_model, dtype=None, device=None):
    if dtype is None:
        dtype = torch.get_default_dtype()
    position = torch.arange(0, length, dtype=torch.float32, device=device).unsqueeze(1)
    column = torch.arange(0, d_model, dtype=torch.float32, device=device)
    even = 2 * torch.div(column, 2, rounding_mode="floor")
    angle = position * torch.exp(even * -(math.log(10000.0) / d_model))
    return torch.where(column % 2 == 0, torch.sin(angle), torch.cos(angle)).to(dtype)


class LearnedPositions(nn.Module):
    def __init__(self, max_len, d_model):
        super().__init__()
        self.register_parameter("weight", nn.Parameter(0.02 * torch.randn(max_len, d_model)))
        self.register_buffer("position_ids", torch.arange(max_len).expand((1, -1)), persistent=False)

    def forward(self, x):
        seq_length = x.size()[1]
        if seq_length > self.position_ids.size(-1):
            raise ValueError("too long: " + str(seq_length))
        return x + self.weight[self.position_ids[:, :seq_length]]
