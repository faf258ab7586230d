"""`MultiHeadAttention` forgets to divide the scores by the root of d_head."""

import torch
from torch import nn

from ch3_attention.softmax import softmax


def split_heads(x, n_heads):
    b, n, width = x.shape
    if n_heads < 1 or width % n_heads != 0:
        raise ValueError(f"can not cut {width} columns into {n_heads} heads")
    return x.reshape(b, n, n_heads, width // n_heads).permute(0, 2, 1, 3)


def merge_heads(x):
    b, h, n, d = x.shape
    return x.permute(0, 2, 1, 3).reshape(b, n, h * d)


class MultiHeadAttention(nn.Module):
    def __init__(self, d_model, n_heads, bias=False):
        super().__init__()
        if n_heads < 1 or d_model % n_heads != 0:
            raise ValueError(f"can not cut d_model = {d_model} into {n_heads} heads")
        self.n_heads = n_heads
        self.q_proj = nn.Linear(d_model, d_model, bias=bias)
        self.k_proj = nn.Linear(d_model, d_model, bias=bias)
        self.v_proj = nn.Linear(d_model, d_model, bias=bias)
        self.out_proj = nn.Linear(d_model, d_model, bias=bias)

    def _attend(self, x, context, mask):
        kv_input = x if context is None else context
        q, k, v = self.q_proj(x), self.k_proj(kv_input), self.v_proj(kv_input)
        q, k, v = (split_heads(t, self.n_heads) for t in (q, k, v))

        sim = torch.einsum("bhid,bhjd->bhij", q, k)
        if mask is not None:
            if mask.ndim == 3:
                mask = mask[:, None, :, :]
            sim = sim.masked_fill(~mask, float("-inf"))
        attn = softmax(sim, dim=-1)
        out = torch.einsum("bhij,bhjd->bhid", attn, v)
        return out, attn

    def forward(self, x, context=None, mask=None):
        out, _ = self._attend(x, context, mask)
        return self.out_proj(merge_heads(out))

    def attention_weights(self, x, context=None, mask=None):
        return self._attend(x, context, mask)[1]
