"""`weight` is a plain tensor that collects gradients, so the module has no parameter and an empty state dict."""

import torch
from torch import nn


class Embedding(nn.Module):
    def __init__(self, num_embeddings, embedding_dim):
        super().__init__()
        self.weight = torch.randn(num_embeddings, embedding_dim, requires_grad=True)

    def forward(self, ids):
        n = self.weight.shape[0]
        if not ids.is_meta:
            for i in ids.flatten().tolist():
                if i < 0 or i >= n:
                    raise IndexError(f"id {i} is not between 0 and {n - 1}")
        return self.weight[ids]
