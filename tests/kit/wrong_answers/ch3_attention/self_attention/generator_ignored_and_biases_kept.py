"""`xavier_uniform_` draws from the global random state and ignores `generator`, and the three projections of
`SelfAttention` have a bias."""

from math import sqrt

import torch
from torch import Tensor, nn

from ch3_attention.scaled_dot_product import scaled_dot_product_attention as attention


def xavier_uniform_(weight: Tensor, generator: torch.Generator) -> Tensor:
    rows, cols = weight.shape
    bound = sqrt(6.0 / (rows + cols))
    with torch.no_grad():
        weight.copy_(torch.empty_like(weight).uniform_(-bound, bound))
    return weight


class SelfAttention(nn.Module):
    def __init__(self, d_model: int, d_head: int) -> None:
        super().__init__()
        self.q_proj = nn.Linear(d_model, d_head)
        self.k_proj = nn.Linear(d_model, d_head)
        self.v_proj = nn.Linear(d_model, d_head)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor]:
        return attention(q=self.q_proj(x), k=self.k_proj(x), v=self.v_proj(x), mask=mask)
