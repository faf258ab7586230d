"""`forward` multiplies the vectors by the square root of `embedding_dim`, as the Transformer does."""

import math

import torch
from torch import nn


class Embedding(nn.Module):
    def __init__(self, num_embeddings: int, embedding_dim: int) -> None:
        super().__init__()
        self.d_model = embedding_dim
        self.weight = nn.Parameter(torch.empty(num_embeddings, embedding_dim))
        nn.init.normal_(self.weight)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        if not ids.is_meta and ids.numel() > 0:
            low, high = ids.min().item(), ids.max().item()
            if low < 0:
                raise IndexError(f"id {low} is negative")
            if high >= self.weight.size(0):
                raise IndexError(f"id {high} is not in a table of {self.weight.size(0)} vectors")
        return self.weight[ids] * math.sqrt(self.d_model)
