"""Attention written out with one fused product for keys and values, an additive mask and einsum; no part is called."""

import torch
import torch.nn.functional as F
from torch import nn

from ch3_attention.multi_head import MultiHeadAttention
from ch4_blocks.feed_forward import FeedForward
from ch4_blocks.normalization import LayerNorm


class DecoderBlock(nn.Module):
    def __init__(self, d_model, n_heads, d_ff, dropout=0.0, activation=F.relu):
        super().__init__()
        self.n_heads, self.activation = n_heads, activation
        self.self_attention = MultiHeadAttention(d_model, n_heads, bias=True)
        self.cross_attention = MultiHeadAttention(d_model, n_heads, bias=True)
        self.feed_forward = FeedForward(d_model, d_ff, activation)
        self.norm1, self.norm2, self.norm3 = (LayerNorm(d_model) for _ in range(3))
        self.dropouts = nn.ModuleList(nn.Dropout(dropout) for _ in range(3))

    def attend(self, part, x, source, mask):
        heads = self.n_heads
        q = part.q_proj(x).unflatten(-1, (heads, -1))
        weight = torch.cat([part.k_proj.weight, part.v_proj.weight])
        bias = torch.cat([part.k_proj.bias, part.v_proj.bias])
        k, v = F.linear(source, weight, bias).unflatten(-1, (2, heads, -1)).unbind(-3)
        scores = torch.einsum("bqhd,bkhd->bhqk", q, k) / q.shape[-1] ** 0.5
        visible = torch.ones(x.shape[1], source.shape[1], dtype=torch.bool, device=x.device) if mask is None else mask
        visible = visible.unsqueeze(1) if visible.dim() == 3 else visible
        powers = torch.exp(scores - scores.detach().amax(-1, keepdim=True)) * visible
        total = powers.sum(-1, keepdim=True)
        weights = powers / torch.where(total == 0, torch.ones_like(total), total)
        return part.out_proj(torch.einsum("bhqk,bkhd->bqhd", weights, v).flatten(-2))

    def forward(self, x, memory, mask=None, memory_mask=None):
        first, second, third = self.dropouts
        h = self.norm1(first(self.attend(self.self_attention, x, x, mask)) + x)
        h = self.norm2(second(self.attend(self.cross_attention, h, memory, memory_mask)) + h)
        wide = self.activation(self.feed_forward.up(h))
        return self.norm3(third(self.feed_forward.down(wide)) + h)
