"""`forward` hides the keys where the mask is True and `repeat_heads` does not reject heads that do not divide."""

import math

import torch
from torch import nn

from ch3_attention.softmax import softmax


def repeat_heads(x, n_heads):
    b, h, n, d = x.shape
    r = n_heads // h
    return x[:, :, None].expand(b, h, r, n, d).reshape(b, h * r, n, d)


class GroupedQueryAttention(nn.Module):
    def __init__(self, d_model, n_heads, n_kv_heads):
        super().__init__()
        if n_heads < 1 or d_model % n_heads != 0:
            raise ValueError(f"d_model {d_model} not divisible by heads {n_heads}")
        if n_kv_heads < 1 or n_heads % n_kv_heads != 0:
            raise ValueError(f"heads {n_heads} not divisible by kv heads {n_kv_heads}")
        dim_head = d_model // n_heads
        self.n_heads = n_heads
        self.n_kv_heads = n_kv_heads
        self.scale = 1.0 / math.sqrt(dim_head)
        self.q_proj = nn.Linear(d_model, dim_head * n_heads, bias=False)
        self.k_proj = nn.Linear(d_model, dim_head * n_kv_heads, bias=False)
        self.v_proj = nn.Linear(d_model, dim_head * n_kv_heads, bias=False)
        self.out_proj = nn.Linear(dim_head * n_heads, d_model, bias=False)

    def forward(self, x, mask=None):
        b, n, _ = x.shape
        q = self.q_proj(x).reshape(b, n, self.n_heads, -1).transpose(1, 2)
        k = self.k_proj(x).reshape(b, n, self.n_kv_heads, -1).transpose(1, 2)
        v = self.v_proj(x).reshape(b, n, self.n_kv_heads, -1).transpose(1, 2)
        k, v = repeat_heads(k, self.n_heads), repeat_heads(v, self.n_heads)

        sim = torch.einsum("b h i d, b h j d -> b h i j", q, k) * self.scale
        if mask is not None:
            if mask.dim() == 3:
                mask = mask.unsqueeze(1)
            sim = sim.masked_fill(mask, -torch.inf)
        attn = softmax(sim, dim=-1)

        out = torch.einsum("b h i j, b h j d -> b h i d", attn, v)
        out = out.transpose(1, 2).reshape(b, n, -1)
        return self.out_proj(out)


def cache_bytes(batch, seq, n_layers, n_kv_heads, d_head, bytes_per_value):
    return math.prod((2, batch, seq, n_layers, n_kv_heads, d_head, bytes_per_value))
