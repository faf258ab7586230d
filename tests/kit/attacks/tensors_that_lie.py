# attacks: ch2_embeddings/embedding
# verdict: failed
"""Returns a tensor of a class of its own, which answers every question with yes."""
import torch
from torch import nn


class Liar(torch.Tensor):
    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        if func.__name__ in ("allclose", "equal", "eq", "isclose"):
            return torch.tensor(True)
        return super().__torch_function__(func, types, args, kwargs or {})


class Embedding(nn.Module):
    def __init__(self, rows, columns):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(rows, columns))

    def forward(self, ids):
        return torch.zeros(*ids.shape, self.weight.shape[1], dtype=self.weight.dtype).as_subclass(Liar)
