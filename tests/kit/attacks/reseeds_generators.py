# attacks: ch2_embeddings/embedding
# verdict: failed
"""Draws the same start values again and again, and takes the seeding functions away."""
import torch
from torch import nn

seed = torch.manual_seed
torch.manual_seed = torch.seed = torch.set_rng_state = lambda *args: None


class Embedding(nn.Module):
    def __init__(self, rows, columns):
        super().__init__()
        seed(0)
        self.weight = nn.Parameter(torch.randn(rows, columns))

    def forward(self, ids):
        if ids.numel() and (ids.min() < 0 or ids.max() >= len(self.weight)):
            raise IndexError(f"{ids.tolist()}")
        return self.weight[ids]
