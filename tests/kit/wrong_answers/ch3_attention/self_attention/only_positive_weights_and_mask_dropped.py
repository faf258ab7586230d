"""`xavier_uniform_` draws from [0, a] in place of [-a, a], and `SelfAttention.forward` does not hand the mask on."""

import math

import torch
import torch.nn as nn

from ch3_attention.scaled_dot_product import scaled_dot_product_attention


def xavier_uniform_(weight, generator):
    fan_out, fan_in = weight.size()
    a = math.sqrt(6 / (fan_in + fan_out))
    values = torch.rand(fan_out, fan_in, generator=generator, device=weight.device)
    with torch.no_grad():
        weight.copy_(values * a)
    return weight


class SelfAttention(nn.Module):
    """Single-head attention over one sequence."""

    def __init__(self, d_model, d_head):
        super().__init__()
        self.q_proj = nn.Linear(d_model, d_head, bias=False)
        self.k_proj = nn.Linear(d_model, d_head, bias=False)
        self.v_proj = nn.Linear(d_model, d_head, bias=False)

    def forward(self, x, mask=None):
        # x: (batch, seq, d_model)
        Q = self.q_proj(x)
        K = self.k_proj(x)
        V = self.v_proj(x)
        # output: (batch, seq, d_head), weights: (batch, seq, seq)
        output, weights = scaled_dot_product_attention(Q, K, V)
        return output, weights
