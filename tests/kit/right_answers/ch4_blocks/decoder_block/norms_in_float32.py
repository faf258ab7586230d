"""Published style: fused keys and values, scores and norms in float32, one function for the three sub-layers."""

import torch.nn as nn
import torch.nn.functional as F
from torch import cat, einsum

from ch3_attention.multi_head import MultiHeadAttention
from ch4_blocks.feed_forward import FeedForward
from ch4_blocks.normalization import LayerNorm


class DecoderBlock(nn.Module):
    def __init__(self, d_model, n_heads, d_ff, dropout=0.0, activation=F.relu):
        super(DecoderBlock, self).__init__()
        self.self_attention = MultiHeadAttention(d_model, n_heads, bias=True)
        self.norm1 = LayerNorm(d_model)
        self.cross_attention = MultiHeadAttention(d_model, n_heads, bias=True)
        self.norm2 = LayerNorm(d_model)
        self.feed_forward = FeedForward(d_model, d_ff, activation)
        self.norm3 = LayerNorm(d_model)
        self.heads, self.rate = n_heads, dropout

    @staticmethod
    def _look(att, heads, x, source, mask):
        kv = F.linear(source, cat([att.k_proj.weight, att.v_proj.weight]), cat([att.k_proj.bias, att.v_proj.bias]))
        k, v = kv.chunk(2, dim=-1)
        q, k, v = (y.reshape(y.size(0), y.size(1), heads, -1).transpose(1, 2) for y in (att.q_proj(x), k, v))
        scores = einsum("bhqd,bhkd->bhqk", q, k).float() / q.size(-1) ** 0.5
        if mask is not None:
            mask = mask if mask.dim() != 3 else mask[:, None]
            scores = scores.masked_fill(mask == 0, -1e9)
        weights = scores.softmax(dim=-1).to(v.dtype)
        if mask is not None:
            weights = weights * mask
        return att.out_proj((weights @ v).transpose(1, 2).flatten(2))

    def _add_norm(self, norm, x, y):
        total = (x + F.dropout(y, self.rate, self.training)).float()
        return F.layer_norm(total, total.shape[-1:], norm.weight.float(), norm.bias.float()).to(x.dtype)

    def forward(self, x, memory, mask=None, memory_mask=None):
        x = self._add_norm(self.norm1, x, self._look(self.self_attention, self.heads, x, x, mask))
        x = self._add_norm(self.norm2, x, self._look(self.cross_attention, self.heads, x, memory, memory_mask))
        return self._add_norm(self.norm3, x, self.feed_forward(x))
