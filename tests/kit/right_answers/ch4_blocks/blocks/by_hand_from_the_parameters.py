"""The parts only hold the parameters; the forward pass is written out with an additive mask and fused projections."""

import torch
import torch.nn.functional as F
from torch import nn

from ch3_attention.multi_head import MultiHeadAttention
from ch4_blocks.feed_forward import FeedForward, gelu
from ch4_blocks.normalization import LayerNorm


def _attend(attention, n_heads, x, mask):
    batch, seq, d_model = x.shape
    weight = torch.cat([attention.q_proj.weight, attention.k_proj.weight, attention.v_proj.weight])
    bias = torch.cat([attention.q_proj.bias, attention.k_proj.bias, attention.v_proj.bias])
    q, k, v = F.linear(x, weight, bias).view(batch, seq, 3, n_heads, -1).permute(2, 0, 3, 1, 4)
    scores = torch.einsum("bhqd,bhkd->bhqk", q, k) * (d_model // n_heads) ** -0.5
    if mask is not None:
        if mask.dim() == 3:
            mask = mask[:, None]
        shift = torch.zeros(mask.shape, dtype=x.dtype, device=x.device).masked_fill(mask.logical_not(), -1e300)
        scores = scores + shift.to(scores.dtype)
        weights = scores.softmax(-1) * mask.any(-1, keepdim=True)
    else:
        weights = scores.softmax(-1)
    return attention.out_proj(torch.einsum("bhqk,bhkd->bqhd", weights, v).reshape(batch, seq, d_model))


class _Parts(nn.Module):
    def __init__(self, d_model, n_heads, d_ff, dropout=0.0, activation=gelu):
        super().__init__()
        self.n_heads, self.rate = n_heads, dropout
        self.add_module("attention", MultiHeadAttention(d_model, n_heads, bias=True))
        self.add_module("feed_forward", FeedForward(d_model, d_ff, activation))
        self.add_module("norm1", LayerNorm(d_model))
        self.add_module("norm2", LayerNorm(d_model))


class PostNormBlock(_Parts):
    def forward(self, x, mask=None):
        attended = F.dropout(_attend(self.attention, self.n_heads, x, mask), self.rate, self.training)
        first = self.norm1(torch.add(attended, x))
        second = F.dropout(self.feed_forward(first), self.rate, self.training)
        return self.norm2(torch.add(second, first))


class PreNormBlock(_Parts):
    def forward(self, x, mask=None):
        out = x.clone()
        out += F.dropout(_attend(self.attention, self.n_heads, self.norm1(x), mask), self.rate, self.training)
        return out + F.dropout(self.feed_forward(self.norm2(out)), self.rate, self.training)
