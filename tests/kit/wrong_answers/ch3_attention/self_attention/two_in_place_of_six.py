"""`xavier_uniform_` takes √(2 / (fan_in + fan_out)) as its bound, where √(6 / (fan_in + fan_out)) is asked for."""

import math

import torch
from torch import nn

from ch3_attention.scaled_dot_product import scaled_dot_product_attention


def xavier_uniform_(weight, generator):
    fan_out, fan_in = weight.shape
    a = math.sqrt(2.0 / (fan_in + fan_out))
    with torch.no_grad():
        weight.uniform_(-a, a, generator=generator)
    return weight


class SelfAttention(nn.Module):
    def __init__(self, d_model, d_head):
        super().__init__()
        self.d_model = d_model
        self.d_head = d_head
        self.q_proj = nn.Linear(d_model, d_head, bias=False)
        self.k_proj = nn.Linear(d_model, d_head, bias=False)
        self.v_proj = nn.Linear(d_model, d_head, bias=False)

    def forward(self, x, mask=None):
        q = self.q_proj(x)
        k = self.k_proj(x)
        v = self.v_proj(x)
        out, attn = scaled_dot_product_attention(q, k, v, mask=mask)
        return out, attn
