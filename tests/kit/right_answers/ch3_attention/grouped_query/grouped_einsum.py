"""Nothing is repeated: the query heads get a group axis, and einsum shares the keys."""

import torch
from torch import nn


def repeat_heads(x, n_heads):
    groups, rest = divmod(n_heads, x.size(1))
    if rest:
        raise ValueError(f"{n_heads} is not a multiple of {x.size(1)}")
    return x[:, :, None].expand(-1, -1, groups, -1, -1).flatten(1, 2)


class GroupedQueryAttention(nn.Module):
    def __init__(self, d_model, n_heads, n_kv_heads):
        super().__init__()
        if n_heads <= 0 or d_model % n_heads:
            raise ValueError(f"n_heads = {n_heads} does not divide {d_model}")
        if n_kv_heads <= 0 or n_heads % n_kv_heads:
            raise ValueError(f"n_kv_heads = {n_kv_heads} does not divide {n_heads}")
        self.n_heads, self.n_kv_heads, self.d_head = n_heads, n_kv_heads, d_model // n_heads
        self.q_proj = nn.Linear(d_model, n_heads * self.d_head, bias=False)
        self.k_proj = nn.Linear(d_model, n_kv_heads * self.d_head, bias=False)
        self.v_proj = nn.Linear(d_model, n_kv_heads * self.d_head, bias=False)
        self.out_proj = nn.Linear(n_heads * self.d_head, d_model, bias=False)

    def forward(self, x, mask=None):
        batch, seq, _ = x.shape
        q = self.q_proj(x).view(batch, seq, self.n_kv_heads, -1, self.d_head)
        k = self.k_proj(x).view(batch, seq, self.n_kv_heads, self.d_head)
        v = self.v_proj(x).view(batch, seq, self.n_kv_heads, self.d_head)
        scores = torch.einsum("bqngd,bknd->bngqk", q, k) * self.d_head**-0.5
        scores = scores.flatten(1, 2)
        if mask is not None:
            mask = mask[:, None] if mask.ndim == 3 else mask
            scores = torch.where(mask, scores, torch.finfo(scores.dtype).min)
        weights = scores.softmax(-1)
        if mask is not None:
            weights = weights * mask
        weights = weights.unflatten(1, (self.n_kv_heads, -1))
        return self.out_proj(torch.einsum("bngqk,bknd->bqngd", weights, v).reshape(batch, seq, -1))


def cache_bytes(batch, seq, n_layers, n_kv_heads, d_head, bytes_per_value):
    per_token = n_layers * n_kv_heads * (d_head + d_head)
    return batch * seq * per_token * bytes_per_value
