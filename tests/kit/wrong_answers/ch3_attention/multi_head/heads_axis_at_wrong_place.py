"""`_attend` puts the heads axis of a mask of 3 axes at place 2, behind the queries, where it belongs at place 1."""

import math

import torch
from torch import nn

from ch3_attention.softmax import softmax


def _check(d_model, n_heads):
    if n_heads < 1 or d_model % n_heads != 0:
        raise ValueError(f"{n_heads} heads for {d_model} features do not work")


def split_heads(x, n_heads):
    _check(x.size(2), n_heads)
    return torch.stack(x.chunk(n_heads, dim=2), dim=1)


def merge_heads(x):
    return torch.cat(x.unbind(dim=1), dim=-1)


def dot_product(q, k, v, mask):
    scores = torch.matmul(q, k.transpose(-1, -2)) / math.sqrt(q.size(-1))
    if mask is not None:
        scores = scores.masked_fill(mask.logical_not(), float("-inf"))
    p = softmax(scores, dim=-1)
    return torch.matmul(p, v), p


class MultiHeadAttention(nn.Module):
    def __init__(self, d_model, n_heads, bias=False):
        super().__init__()
        _check(d_model, n_heads)
        self.n_heads = n_heads
        self.q_proj = nn.Linear(d_model, d_model, bias=bias)
        self.k_proj = nn.Linear(d_model, d_model, bias=bias)
        self.v_proj = nn.Linear(d_model, d_model, bias=bias)
        self.out_proj = nn.Linear(d_model, d_model, bias=bias)

    def _attend(self, x, context, mask):
        if context is None:
            context = x
        if mask is not None and mask.dim() == 3:
            # the same mask for all heads
            mask = mask.unsqueeze(2)
        q = split_heads(self.q_proj(x), self.n_heads)
        k = split_heads(self.k_proj(context), self.n_heads)
        v = split_heads(self.v_proj(context), self.n_heads)
        return dot_product(q, k, v, mask)

    def forward(self, x, context=None, mask=None):
        y, _ = self._attend(x, context, mask)
        return self.out_proj(merge_heads(y))

    def attention_weights(self, x, context=None, mask=None):
        _, p = self._attend(x, context, mask)
        return p
