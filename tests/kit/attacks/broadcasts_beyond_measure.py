# attacks: ch2_embeddings/embedding
# verdict: failed
"""Returns a thin tensor of millions of rows, which the grader's own product with another one makes far larger."""
import torch
from torch import nn


class Embedding(nn.Module):
    def __init__(self, rows, columns):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(rows, columns))

    def forward(self, ids):
        return self.weight.double().sum().expand(2**23).reshape(2**23, 1, 1, 1)
