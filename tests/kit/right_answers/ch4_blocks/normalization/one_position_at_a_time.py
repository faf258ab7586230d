"""Each position as a row of its own, in a loop; RMSNorm from the length of the vector."""

import math

import torch
from torch import nn


def _rows(x, normalize):
    rows = [normalize(row) for row in x.reshape(-1, x.shape[-1])]
    return torch.stack(rows).reshape(x.shape)


def _widen(row):
    return row if row.dtype == torch.float64 else row.to(torch.float32)


class LayerNorm(nn.Module):
    def __init__(self, d_model, eps=1e-5):
        super().__init__()
        self.d_model, self.eps = d_model, eps
        self.weight, self.bias = nn.Parameter(torch.ones(d_model)), nn.Parameter(torch.zeros(d_model))

    def forward(self, x):
        def normalize(row):
            deviation = _widen(row) - _widen(row).sum() / self.d_model
            variance = torch.dot(deviation, deviation) / self.d_model
            return (self.bias + self.weight * deviation / (variance + self.eps).sqrt()).to(x.dtype)

        return _rows(x, normalize)


class RMSNorm(nn.Module):
    def __init__(self, d_model, eps=1e-5):
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(d_model))

    def forward(self, x):
        def normalize(row):
            wide = _widen(row)
            squared_length = torch.linalg.vector_norm(wide) ** 2
            root_d = math.sqrt(wide.numel())
            return (root_d * self.weight * wide / (squared_length + wide.numel() * self.eps).sqrt()).to(x.dtype)

        return _rows(x, normalize)
