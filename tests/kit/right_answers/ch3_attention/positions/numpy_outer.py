"""The table from NumPy; the learned rows from an nn.Embedding's function on a slice."""

import numpy as np
import torch
from torch import nn


def sinusoidal_positions(length, d_model, dtype=None, device=None):
    rates = np.power(10000.0, -2.0 * np.arange((d_model + 1) // 2) / d_model)
    angles = np.outer(np.arange(length), rates)
    table = np.empty((length, 2 * len(rates)))
    table[:, ::2], table[:, 1::2] = np.sin(angles), np.cos(angles)
    return torch.tensor(table[:, :d_model], dtype=dtype or torch.get_default_dtype(), device=device)


class LearnedPositions(nn.Module):
    def __init__(self, max_len, d_model):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(max_len, d_model))
        self.reset_parameters()

    def reset_parameters(self):
        with torch.no_grad():
            self.weight.normal_(mean=0.0, std=0.02)

    def forward(self, x):
        b, t, d = x.shape
        max_len = len(self.weight)
        if not t <= max_len:
            raise ValueError(f"cannot place {t} tokens in {max_len}")
        return x + self.weight.narrow(0, 0, t)[None]
