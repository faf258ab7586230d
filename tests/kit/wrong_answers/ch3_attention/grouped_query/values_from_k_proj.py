"""`GroupedQueryAttention.forward` makes the values with `k_proj`, so `v_proj` is never used."""

import math

import torch
from torch import nn

from ch3_attention.softmax import softmax


def repeat_heads(x, n_heads):
    groups = x.size(1)
    if n_heads % groups != 0:
        raise ValueError(f"{groups} groups do not fit {n_heads} heads")
    return torch.repeat_interleave(x, n_heads // groups, dim=1)


def transpose_qkv(x, num_heads):
    """(batch, steps, hiddens) to (batch, heads, steps, hiddens / heads)."""
    x = x.reshape(x.shape[0], x.shape[1], num_heads, -1)
    return x.permute(0, 2, 1, 3)


def transpose_output(x):
    x = x.permute(0, 2, 1, 3)
    return x.reshape(x.shape[0], x.shape[1], -1)


class GroupedQueryAttention(nn.Module):
    def __init__(self, d_model, n_heads, n_kv_heads):
        super().__init__()
        if n_heads < 1 or d_model % n_heads != 0:
            raise ValueError(f"n_heads={n_heads} must divide d_model={d_model}")
        if n_kv_heads < 1 or n_heads % n_kv_heads != 0:
            raise ValueError(f"n_kv_heads={n_kv_heads} must divide n_heads={n_heads}")
        num_hiddens = n_kv_heads * d_model // n_heads
        self.n_heads = n_heads
        self.n_kv_heads = n_kv_heads
        self.q_proj = nn.Linear(d_model, d_model, bias=False)
        self.k_proj = nn.Linear(d_model, num_hiddens, bias=False)
        self.v_proj = nn.Linear(d_model, num_hiddens, bias=False)
        self.out_proj = nn.Linear(d_model, d_model, bias=False)

    def forward(self, x, mask=None):
        queries = transpose_qkv(self.q_proj(x), self.n_heads)
        keys = transpose_qkv(self.k_proj(x), self.n_kv_heads)
        values = transpose_qkv(self.k_proj(x), self.n_kv_heads)

        keys = repeat_heads(keys, self.n_heads)
        values = repeat_heads(values, self.n_heads)

        d = queries.shape[-1]
        scores = queries @ keys.transpose(2, 3) / math.sqrt(d)
        if mask is not None:
            if mask.dim() == 3:
                mask = mask[:, None]
            scores = torch.where(mask, scores, float("-inf"))
        weights = softmax(scores, dim=-1)
        return self.out_proj(transpose_output(weights @ values))


def cache_bytes(batch, seq, n_layers, n_kv_heads, d_head, bytes_per_value):
    total = batch * seq
    total *= n_layers * n_kv_heads * d_head
    total *= 2  # K and V
    return total * bytes_per_value
