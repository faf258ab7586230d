# attacks: ch2_embeddings/embedding
# verdict: failed
"""Returns meta, sparse, expanded, quantised, complex and NaN tensors, one after another."""
import itertools

import torch
from torch import nn

KINDS = itertools.cycle(
    [
        lambda *shape: torch.empty(*shape, device="meta"),
        lambda *shape: torch.zeros(*shape).to_sparse(),
        lambda *shape: torch.zeros(1).expand(*shape[:-1], 2**36),
        lambda *shape: torch.zeros(*shape).to(torch.complex128),
        lambda *shape: torch.full(shape, float("nan"), dtype=torch.float64),
        lambda *shape: torch.quantize_per_tensor(torch.zeros(*shape), 0.1, 0, torch.quint8),
        lambda *shape: torch.zeros(*shape, dtype=torch.bool),
        lambda *shape: torch.zeros(*shape, dtype=torch.int8).view(torch.bool),
    ]
)


class Embedding(nn.Module):
    def __init__(self, rows, columns):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(rows, columns))

    def forward(self, ids):
        return next(KINDS)(*ids.shape, self.weight.shape[1])
