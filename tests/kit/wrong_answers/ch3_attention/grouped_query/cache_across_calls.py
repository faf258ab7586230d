"""Keys and values are written into a cache of the module, and a call without a mask reads what earlier ones left."""

import math

import torch
from torch import nn


def repeat_heads(x, n_heads):
    if n_heads % x.size(1):
        raise ValueError(f"{x.size(1)} does not divide {n_heads}")
    return x.repeat_interleave(n_heads // x.size(1), dim=1)


class GroupedQueryAttention(nn.Module):
    def __init__(self, d_model, n_heads, n_kv_heads):
        super().__init__()
        if n_heads < 1 or d_model % n_heads or n_kv_heads < 1 or n_heads % n_kv_heads:
            raise ValueError(f"d_model {d_model}, n_heads {n_heads}, n_kv_heads {n_kv_heads}")
        self.n_heads, self.n_kv_heads, self.d_head = n_heads, n_kv_heads, d_model // n_heads
        self.q_proj = nn.Linear(d_model, d_model, bias=False)
        self.k_proj = nn.Linear(d_model, n_kv_heads * self.d_head, bias=False)
        self.v_proj = nn.Linear(d_model, n_kv_heads * self.d_head, bias=False)
        self.out_proj = nn.Linear(d_model, d_model, bias=False)
        self.past = None

    def forward(self, x, mask=None):
        q, k, v = (
            projection(x).unflatten(-1, (-1, self.d_head)).transpose(1, 2)
            for projection in (self.q_proj, self.k_proj, self.v_proj)
        )
        if mask is None and self.past is not None and self.past[0].shape[0] == x.shape[0]:
            k, v = torch.cat([self.past[0], k], 2), torch.cat([self.past[1], v], 2)
        self.past = k.detach(), v.detach()
        scores = q @ repeat_heads(k, self.n_heads).transpose(-2, -1) / math.sqrt(self.d_head)
        if mask is not None:
            mask = mask[:, None] if mask.dim() == 3 else mask
            scores = scores.masked_fill(~mask, torch.finfo(scores.dtype).min)
        weights = scores.softmax(-1)
        if mask is not None:
            weights = weights * mask.any(-1, keepdim=True)
        return self.out_proj((weights @ repeat_heads(v, self.n_heads)).transpose(1, 2).flatten(2))


def cache_bytes(batch, seq, n_layers, n_kv_heads, d_head, bytes_per_value):
    return 2 * batch * seq * n_layers * n_kv_heads * d_head * bytes_per_value
