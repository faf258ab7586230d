"""`LearnedPositions` keeps `position_ids` in the state dict and refuses a sequence of exactly `max_len`."""

import torch
import torch.nn.functional as F
from torch import nn


def sinusoidal_positions(length, d_model, dtype=None, device=None):
    position_enc = torch.zeros(length, d_model, dtype=torch.float64, device=device)
    pos = torch.arange(length, dtype=torch.float64, device=device)[:, None]
    j = torch.arange(d_model, device=device)[None, :]
    angles = pos / torch.pow(10000.0, (2 * torch.div(j, 2, rounding_mode="floor")).double() / d_model)
    position_enc[:, 0::2] = angles[:, 0::2].sin()
    position_enc[:, 1::2] = angles[:, 1::2].cos()
    return position_enc.to(torch.get_default_dtype() if dtype is None else dtype)


class LearnedPositions(nn.Module):
    def __init__(self, max_len, d_model):
        super().__init__()
        self.max_position_embeddings = max_len
        self.weight = nn.Parameter(torch.empty(max_len, d_model))
        self.weight.data.normal_(mean=0.0, std=0.02)
        self.register_buffer("position_ids", torch.arange(max_len))

    def forward(self, x):
        seq_length = x.size(1)
        if seq_length >= self.max_position_embeddings:
            raise ValueError(f"sequence length {seq_length} exceeds max_len {self.max_position_embeddings}")
        position_ids = self.position_ids[:seq_length]
        return x + F.embedding(position_ids, self.weight)
