"""`SelfAttention.forward` adds a causal mask that nobody asked for, so no position ever sees a later one."""

import math

import torch
import torch.nn as nn

from ch3_attention.scaled_dot_product import scaled_dot_product_attention


@torch.no_grad()
def xavier_uniform_(weight, generator):
    bound = math.sqrt(6.0) / math.sqrt(weight.size(1) + weight.size(0))
    return weight.uniform_(-bound, bound, generator=generator)


class SelfAttention(nn.Module):
    """one head of self-attention"""

    def __init__(self, d_model, d_head):
        super().__init__()
        self.k_proj = nn.Linear(d_model, d_head, bias=False)
        self.q_proj = nn.Linear(d_model, d_head, bias=False)
        self.v_proj = nn.Linear(d_model, d_head, bias=False)

    def forward(self, x, mask=None):
        B, T, C = x.shape
        k = self.k_proj(x)  # (B, T, hs)
        q = self.q_proj(x)  # (B, T, hs)
        v = self.v_proj(x)  # (B, T, hs)
        tril = torch.ones(T, T, dtype=torch.bool, device=x.device).tril()
        mask = tril if mask is None else mask & tril
        y, wei = scaled_dot_product_attention(q, k, v, mask)
        return y, wei
