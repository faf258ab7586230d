"""As in published models: the additive mask, the softmax in float32, keys and values expanded for the group."""

import math

import torch
from torch import nn


def repeat_heads(x, n_heads):
    b, kv, t, d = x.shape
    if n_heads % kv != 0:
        raise ValueError(f"n_heads {n_heads} must be a multiple of n_kv_heads {kv}")
    n_rep = n_heads // kv
    if n_rep == 1:
        return x
    return x[:, :, None, :, :].expand(b, kv, n_rep, t, d).reshape(b, kv * n_rep, t, d)


class GroupedQueryAttention(nn.Module):
    def __init__(self, d_model, n_heads, n_kv_heads):
        super().__init__()
        if n_heads < 1 or d_model % n_heads:
            raise ValueError(f"d_model {d_model} cannot be cut into n_heads {n_heads}")
        if n_kv_heads < 1 or n_heads % n_kv_heads:
            raise ValueError(f"n_heads {n_heads} cannot share n_kv_heads {n_kv_heads}")
        self.n_heads = n_heads
        self.n_kv_heads = n_kv_heads
        self.head_dim = d_model // n_heads
        self.q_proj = nn.Linear(d_model, n_heads * self.head_dim, bias=False)
        self.k_proj = nn.Linear(d_model, n_kv_heads * self.head_dim, bias=False)
        self.v_proj = nn.Linear(d_model, n_kv_heads * self.head_dim, bias=False)
        self.out_proj = nn.Linear(n_heads * self.head_dim, d_model, bias=False)

    def forward(self, x, mask=None):
        bsz, q_len, _ = x.size()
        xq = self.q_proj(x).view(bsz, q_len, self.n_heads, self.head_dim).transpose(1, 2)
        xk = self.k_proj(x).view(bsz, q_len, self.n_kv_heads, self.head_dim).transpose(1, 2)
        xv = self.v_proj(x).view(bsz, q_len, self.n_kv_heads, self.head_dim).transpose(1, 2)
        xk, xv = repeat_heads(xk, self.n_heads), repeat_heads(xv, self.n_heads)
        scores = torch.matmul(xq, xk.transpose(2, 3)) / math.sqrt(self.head_dim)
        blind = None
        if mask is not None:
            if mask.dim() == 3:
                mask = mask.unsqueeze(1)
            bias = torch.zeros(mask.shape, dtype=scores.dtype, device=scores.device)
            scores = scores + bias.masked_fill(mask.logical_not(), torch.finfo(torch.float32).min / 2)
            blind = ~mask.any(dim=-1, keepdim=True)
        probs = torch.nn.functional.softmax(scores, dim=-1, dtype=torch.float32).to(xq.dtype)
        if blind is not None:
            probs = probs.masked_fill(blind, 0.0)
        out = torch.matmul(probs, xv).transpose(1, 2).contiguous().view(bsz, q_len, -1)
        return self.out_proj(out)


def cache_bytes(batch, seq, n_layers, n_kv_heads, d_head, bytes_per_value):
    return sum(batch * seq * n_kv_heads * d_head * bytes_per_value for _ in range(n_layers) for _ in ("k", "v"))
