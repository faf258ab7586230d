"""`sinusoidal_positions` uses 10000^(i / d_model) for pair `i`: the 2 in the exponent 2i / d_model is missing."""

import torch
from torch import nn


def sinusoidal_positions(length, d_model, dtype=None, device=None):
    n_sin = (d_model + 1) // 2
    n_cos = d_model // 2
    pos = torch.arange(length, dtype=torch.float64).unsqueeze(1)
    i = torch.arange(n_sin, dtype=torch.float64).unsqueeze(0)
    angle = pos / torch.pow(10000.0, i / d_model)
    P = torch.zeros(length, d_model, dtype=torch.float64)
    P[:, 0::2] = torch.sin(angle)
    P[:, 1::2] = torch.cos(angle[:, :n_cos])
    if dtype is None:
        dtype = torch.get_default_dtype()
    return P.to(dtype=dtype, device=device)


class LearnedPositions(nn.Module):
    def __init__(self, max_len, d_model):
        super().__init__()
        self.max_len = max_len
        self.weight = nn.Parameter(torch.empty(max_len, d_model))
        nn.init.normal_(self.weight, mean=0.0, std=0.02)

    def forward(self, x):
        T = x.shape[1]
        if T > self.max_len:
            raise ValueError(f"sequence of length {T} does not fit into max_len {self.max_len}")
        return x + self.weight[:T].unsqueeze(0)
