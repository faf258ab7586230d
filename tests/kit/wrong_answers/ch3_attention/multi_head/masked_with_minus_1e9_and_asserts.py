"""`_attend` masks with -1e9, so a query that sees nothing averages all, and bad `n_heads` raise no `ValueError`."""

import math

import torch
from torch import nn

from ch3_attention.softmax import softmax


def split_heads(x, n_heads):
    B, T, C = x.shape
    assert n_heads > 0 and C % n_heads == 0, f"{C} is not divisible by {n_heads}"
    return x.reshape(B, T, n_heads, C // n_heads).transpose(1, 2)


def merge_heads(x):
    B, H, T, D = x.shape
    return x.transpose(1, 2).reshape(B, T, H * D)


class MultiHeadAttention(nn.Module):
    def __init__(self, d_model, n_heads, bias=False):
        super().__init__()
        assert n_heads > 0 and d_model % n_heads == 0, f"{d_model} is not divisible by {n_heads}"
        self.n_heads = n_heads
        self.d_head = d_model // n_heads
        self.q_proj = nn.Linear(d_model, d_model, bias=bias)
        self.k_proj = nn.Linear(d_model, d_model, bias=bias)
        self.v_proj = nn.Linear(d_model, d_model, bias=bias)
        self.out_proj = nn.Linear(d_model, d_model, bias=bias)

    def _attend(self, x, context, mask):
        context = x if context is None else context
        q = split_heads(self.q_proj(x), self.n_heads)
        k = split_heads(self.k_proj(context), self.n_heads)
        v = split_heads(self.v_proj(context), self.n_heads)
        scores = torch.matmul(q, k.mT) / math.sqrt(self.d_head)
        if mask is not None:
            if mask.dim() == 3:
                mask = mask.unsqueeze(1)
            scores = scores.masked_fill(mask == 0, -1e9)
        weights = softmax(scores, dim=-1)
        return torch.matmul(weights, v), weights

    def forward(self, x, context=None, mask=None):
        heads, _ = self._attend(x, context, mask)
        return self.out_proj(merge_heads(heads))

    def attention_weights(self, x, context=None, mask=None):
        return self._attend(x, context, mask)[1]
