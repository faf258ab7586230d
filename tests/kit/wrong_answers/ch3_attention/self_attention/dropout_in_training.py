"""`SelfAttention` puts a dropout of 0.1 on its output, so training mode and eval mode differ."""

import torch
from torch import Tensor, nn

from ch3_attention.scaled_dot_product import scaled_dot_product_attention


def glorot_bound(fan_in: int, fan_out: int) -> float:
    return (6.0 / (fan_in + fan_out)) ** 0.5


def xavier_uniform_(weight: Tensor, generator: torch.Generator) -> Tensor:
    b = glorot_bound(weight.size(-1), weight.size(-2))
    with torch.no_grad():
        nn.init.uniform_(weight, -b, b, generator=generator)
    return weight


class SelfAttention(nn.Module):
    def __init__(self, d_model: int, d_head: int) -> None:
        super().__init__()
        self.q_proj = nn.Linear(d_model, d_head, bias=False)
        self.k_proj = nn.Linear(d_model, d_head, bias=False)
        self.v_proj = nn.Linear(d_model, d_head, bias=False)
        self.dropout = nn.Dropout(0.1)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor]:
        query_states = self.q_proj(x)
        key_states = self.k_proj(x)
        value_states = self.v_proj(x)
        attn_output, attn_weights = scaled_dot_product_attention(query_states, key_states, value_states, mask)
        return self.dropout(attn_output), attn_weights
