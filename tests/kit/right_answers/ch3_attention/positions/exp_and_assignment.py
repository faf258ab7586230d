"""As in many tutorials: frequencies from exp and log, sines and cosines assigned to slices."""

import math

import torch
from torch import nn


def sinusoidal_positions(length, d_model, dtype=None, device=None):
    position = torch.arange(length, dtype=torch.double).unsqueeze(1)
    div_term = torch.exp(torch.arange(0, d_model, 2, dtype=torch.double) * (-math.log(10000.0) / d_model))
    pe = torch.zeros(length, d_model, dtype=torch.double)
    pe[:, 0::2] = torch.sin(position * div_term)
    pe[:, 1::2] = torch.cos(position * div_term)[:, : d_model // 2]
    pe = pe.to(torch.get_default_dtype() if dtype is None else dtype)
    return pe if device is None else pe.to(device)


class LearnedPositions(nn.Module):
    def __init__(self, max_len, d_model):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(max_len, d_model))
        nn.init.normal_(self.weight, std=0.02)

    def forward(self, x):
        batch, seq, d_model = x.shape
        if seq > self.weight.shape[0]:
            raise ValueError(f"{seq} positions, but only {self.weight.shape[0]} rows")
        ids = torch.arange(seq, device=x.device)
        return torch.add(x, self.weight.index_select(0, ids).expand(batch, seq, d_model))
