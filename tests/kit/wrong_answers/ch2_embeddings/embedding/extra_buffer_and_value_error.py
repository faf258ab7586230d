"""`__init__` registers a buffer `all_ids`, a second entry of the state dict, and `forward` raises a ValueError for
an id out of range."""

import torch
from torch import nn


class Embedding(nn.Module):
    def __init__(self, num_embeddings, embedding_dim):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(num_embeddings, embedding_dim))
        self.register_buffer("all_ids", torch.arange(num_embeddings))

    def extra_repr(self):
        return f"{len(self.all_ids)}, {self.weight.shape[1]}"

    def forward(self, ids):
        if not ids.is_meta:
            size = len(self.weight)
            bad = ids[~((0 <= ids) & (ids < size))]
            if len(bad) > 0:
                raise ValueError(f"id {bad[0].item()} is not in the table of {size} rows")
        return self.weight[ids]
