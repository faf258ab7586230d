"""`SelfAttention.forward` divides the queries by √d_head although the attention function divides by it as well."""

import torch
from torch import Tensor, nn

from ch3_attention.scaled_dot_product import scaled_dot_product_attention


def xavier_uniform_(weight: Tensor, generator: torch.Generator) -> Tensor:
    a = (6.0 / sum(weight.shape)) ** 0.5
    noise = torch.rand(weight.shape, generator=generator, dtype=weight.dtype, device=weight.device)
    with torch.no_grad():
        weight.copy_(2 * a * noise - a)
    return weight


class SelfAttention(nn.Module):
    def __init__(self, d_model: int, d_head: int) -> None:
        super().__init__()
        self.scale = d_head**-0.5
        self.q_proj = nn.Linear(d_model, d_head, bias=False)
        self.k_proj = nn.Linear(d_model, d_head, bias=False)
        self.v_proj = nn.Linear(d_model, d_head, bias=False)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor]:
        q, k, v = self.q_proj(x), self.k_proj(x), self.v_proj(x)
        q = q * self.scale
        return scaled_dot_product_attention(q, k, v, mask)
