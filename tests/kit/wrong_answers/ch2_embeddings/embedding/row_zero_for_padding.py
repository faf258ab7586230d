"""Row 0 of `weight` starts as zeros, as if id 0 were padding, and is not drawn from N(0, 1)."""

import torch
from torch import nn


class Embedding(nn.Module):
    def __init__(self, num_embeddings: int, embedding_dim: int):
        super().__init__()
        self.num_embeddings = num_embeddings
        self.embedding_dim = embedding_dim
        self.weight = nn.Parameter(torch.empty(num_embeddings, embedding_dim))
        self.reset_parameters()

    def reset_parameters(self):
        nn.init.normal_(self.weight)
        # the padding token has no meaning
        with torch.no_grad():
            self.weight[:1].fill_(0)

    def _check(self, ids):
        if ids.is_meta or ids.numel() == 0:
            return
        for bound in (ids.min().item(), ids.max().item()):
            if bound < 0 or bound >= self.weight.shape[0]:
                raise IndexError(f"id {bound} is outside a table of {self.weight.shape[0]} rows")

    def forward(self, ids):
        self._check(ids)
        return self.weight[ids]
