"""`weight` starts as uniform draws from `torch.rand`, and `forward` lets negative ids count from the end."""

import torch
from torch import Tensor, nn


class Embedding(nn.Module):
    def __init__(self, num_embeddings: int, embedding_dim: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.rand(num_embeddings, embedding_dim))

    def forward(self, ids: Tensor) -> Tensor:
        vocab = self.weight.shape[0]
        if not ids.is_meta and ids.numel():
            top = ids.max().item()
            if top >= vocab:
                raise IndexError(f"id {top} is too large for {vocab} embeddings")
        return self.weight[ids]
