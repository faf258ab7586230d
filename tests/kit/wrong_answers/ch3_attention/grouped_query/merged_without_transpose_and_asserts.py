"""`forward` joins the heads without moving them behind the sequence and bad heads raise no `ValueError`."""

import torch
from torch import nn

from ch3_attention.softmax import softmax


def repeat_heads(x, n_heads):
    if n_heads % x.size(1) != 0:
        raise ValueError(f"{n_heads} is not a multiple of {x.size(1)}")
    return x.repeat_interleave(n_heads // x.size(1), 1)


class GroupedQueryAttention(nn.Module):
    def __init__(self, d_model, n_heads, n_kv_heads):
        super().__init__()
        assert n_heads > 0 and d_model % n_heads == 0
        assert n_kv_heads > 0 and n_heads % n_kv_heads == 0
        self.n_heads = n_heads
        self.n_kv_heads = n_kv_heads
        self.head_size = d_model // n_heads
        self.q_proj = nn.Linear(d_model, d_model, bias=False)
        self.k_proj = nn.Linear(d_model, self.head_size * n_kv_heads, bias=False)
        self.v_proj = nn.Linear(d_model, self.head_size * n_kv_heads, bias=False)
        self.out_proj = nn.Linear(d_model, d_model, bias=False)

    def forward(self, x, mask=None):
        B, T, C = x.size()
        hs = self.head_size
        q = self.q_proj(x).reshape(B, T, self.n_heads, hs).transpose(1, 2)  # (B, nh, T, hs)
        k = self.k_proj(x).reshape(B, T, self.n_kv_heads, hs).transpose(1, 2)  # (B, nkv, T, hs)
        v = self.v_proj(x).reshape(B, T, self.n_kv_heads, hs).transpose(1, 2)  # (B, nkv, T, hs)
        k = repeat_heads(k, self.n_heads)
        v = repeat_heads(v, self.n_heads)

        att = (q @ k.transpose(-2, -1)) * (hs**-0.5)
        if mask is not None:
            if mask.dim() == 3:
                mask = mask[:, None, :, :]
            att = att.masked_fill(mask == 0, float("-inf"))
        att = softmax(att, dim=-1)
        y = torch.matmul(att, v)  # (B, nh, T, T) x (B, nh, T, hs) -> (B, nh, T, hs)
        y = y.reshape(B, T, C)  # put all head outputs side by side
        return self.out_proj(y)


def cache_bytes(batch, seq, n_layers, n_kv_heads, d_head, bytes_per_value):
    k_and_v = 2
    return k_and_v * n_layers * batch * seq * (n_kv_heads * d_head) * bytes_per_value
