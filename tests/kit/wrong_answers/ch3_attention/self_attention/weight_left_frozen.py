"""`xavier_uniform_` turns `requires_grad` off to fill the weight and never on again, so a parameter stops learning."""

import torch
import torch.nn as nn
from torch import Tensor

from ch3_attention.scaled_dot_product import scaled_dot_product_attention


def xavier_uniform_(weight: Tensor, generator: torch.Generator) -> Tensor:
    fan_sum = weight.shape[0] + weight.shape[1]
    limit = (6 / fan_sum) ** 0.5
    # in-place changes of a leaf are an error while it needs gradients
    weight.requires_grad_(False)
    weight.uniform_(-limit, limit, generator=generator)
    return weight


class SelfAttention(nn.Module):
    """x -> queries, keys, values -> attention"""

    def __init__(self, d_model: int, d_head: int) -> None:
        super().__init__()
        for name in ("q_proj", "k_proj", "v_proj"):
            self.add_module(name, nn.Linear(d_model, d_head, bias=False))

    def forward(self, x: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor]:
        qkv = [proj(x) for proj in (self.q_proj, self.k_proj, self.v_proj)]
        return scaled_dot_product_attention(*qkv, mask)
