"""`forward` flattens the ids and returns one row per id, without the shape that `ids` had."""

import torch
from torch import nn


class Embedding(nn.Module):
    def __init__(self, num_embeddings, embedding_dim):
        super().__init__()
        weight = torch.randn((num_embeddings, embedding_dim))
        self.weight = nn.Parameter(weight)

    def forward(self, ids):
        vocab_size, dim = self.weight.shape
        flat_ids = ids.reshape(-1)
        if not flat_ids.is_meta:
            outside = torch.logical_or(flat_ids < 0, flat_ids >= vocab_size)
            if outside.any():
                raise IndexError(f"id {flat_ids[outside][0].item()} is not in the vocabulary of {vocab_size}")
        index = flat_ids.unsqueeze(1).expand(-1, dim)
        return torch.gather(self.weight, 0, index)
