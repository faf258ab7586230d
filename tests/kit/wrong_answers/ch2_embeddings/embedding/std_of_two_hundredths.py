"""`weight` starts with a standard deviation of 0.02, as in GPT-2, and not as draws from N(0, 1)."""

import torch
from torch import Tensor, nn


class Embedding(nn.Module):
    """Token embedding table."""

    def __init__(self, num_embeddings: int, embedding_dim: int):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(num_embeddings, embedding_dim))
        torch.nn.init.normal_(self.weight, mean=0.0, std=0.02)

    def forward(self, ids: Tensor) -> Tensor:
        if ids.device.type != "meta":
            wrong = ids[(ids < 0) | (ids >= self.weight.shape[0])]
            if wrong.numel() > 0:
                raise IndexError(f"index {wrong[0].item()} is out of range")
        flat = self.weight.index_select(0, ids.reshape(-1))
        return flat.view(*ids.shape, self.weight.shape[1])
