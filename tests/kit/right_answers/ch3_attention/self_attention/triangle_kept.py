"""A triangle that is kept in the state dict and never used, as heads of small GPTs have it."""

import math

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from ch3_attention.scaled_dot_product import scaled_dot_product_attention


def xavier_uniform_(
    weight: Float[Tensor, "fan_out fan_in"], generator: torch.Generator
) -> Float[Tensor, "fan_out fan_in"]:
    bound = math.sqrt(6 / (weight.size(0) + weight.size(1)))
    with torch.no_grad():
        return weight.uniform_(-bound, bound, generator=generator)


class SelfAttention(nn.Module):
    def __init__(self, d_model: int, d_head: int) -> None:
        super().__init__()
        self.q_proj = nn.Linear(d_model, d_head, bias=False)
        self.k_proj = nn.Linear(d_model, d_head, bias=False)
        self.v_proj = nn.Linear(d_model, d_head, bias=False)
        self.register_buffer("triangle", torch.tril(torch.ones(64, 64)))

    def forward(
        self, x: Float[Tensor, "batch seq d_model"], mask: Bool[Tensor, "*broadcast seq seq"] | None = None
    ) -> tuple[Float[Tensor, "batch seq d_head"], Float[Tensor, "batch seq seq"]]:
        return scaled_dot_product_attention(self.q_proj(x), self.k_proj(x), self.v_proj(x), mask)
