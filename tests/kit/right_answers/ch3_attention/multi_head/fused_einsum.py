"""einsum over (batch, seq, heads, d_head), keys and values from one fused product, an additive mask."""

import torch
from torch import nn


def split_heads(x, n_heads):
    if n_heads < 1:
        raise ValueError(f"{n_heads} heads")
    size, rest = divmod(x.size(2), n_heads)
    if rest:
        raise ValueError(f"{x.size(2)} is not divisible by {n_heads}")
    return x.reshape(x.size(0), x.size(1), n_heads, size).permute(0, 2, 1, 3)


def merge_heads(x):
    batch, heads, seq, size = x.shape
    return x.permute(0, 2, 1, 3).contiguous().view(batch, seq, heads * size)


class MultiHeadAttention(nn.Module):
    def __init__(self, d_model, n_heads, bias=False):
        super().__init__()
        if n_heads < 1 or d_model // n_heads * n_heads != d_model:
            raise ValueError(f"n_heads = {n_heads} does not divide {d_model}")
        self.n_heads = n_heads
        self.q_proj = nn.Linear(d_model, d_model, bias)
        self.k_proj = nn.Linear(d_model, d_model, bias)
        self.v_proj = nn.Linear(d_model, d_model, bias)
        self.out_proj = nn.Linear(d_model, d_model, bias)

    def prepare(self, x, context, mask):
        context = x if context is None else context
        fused = torch.cat([self.k_proj.weight, self.v_proj.weight])
        both = context @ fused.t()
        if self.k_proj.bias is not None:
            both = both + torch.cat([self.k_proj.bias, self.v_proj.bias])
        k, v = (part.unflatten(-1, (self.n_heads, -1)) for part in both.chunk(2, dim=-1))
        q = self.q_proj(x).unflatten(-1, (self.n_heads, -1))
        scores = torch.einsum("bqhd,bkhd->bhqk", q, k) / q.size(-1) ** 0.5
        if mask is not None:
            while mask.dim() < 4:
                mask = mask.unsqueeze(1 if mask.dim() == 3 else 0)
            bias = torch.zeros_like(mask, dtype=scores.dtype).masked_fill(~mask, torch.finfo(scores.dtype).min)
            scores = scores + bias
        weights = torch.softmax(scores, dim=-1)
        return (weights if mask is None else weights * mask), v

    def forward(self, x, context=None, mask=None):
        weights, v = self.prepare(x, context, mask)
        return self.out_proj(torch.einsum("bhqk,bkhd->bqhd", weights, v).flatten(2))

    def attention_weights(self, x, context=None, mask=None):
        return self.prepare(x, context, mask)[0]
