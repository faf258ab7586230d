"""The block looks at the memory first and at the target after that; the self-attention should come first."""

import torch
from torch import nn

from ch3_attention.multi_head import MultiHeadAttention
from ch4_blocks.feed_forward import FeedForward
from ch4_blocks.normalization import LayerNorm


class DecoderBlock(nn.Module):
    def __init__(self, d_model, n_heads, d_ff, dropout=0.0, activation=torch.relu):
        super().__init__()
        if d_model % n_heads:
            raise ValueError(f"n_heads={n_heads} does not divide d_model={d_model}")
        self.cross_attention = MultiHeadAttention(d_model, n_heads, bias=True)
        self.self_attention = MultiHeadAttention(d_model, n_heads, bias=True)
        self.feed_forward = FeedForward(d_model, d_ff, activation)
        self.norm1 = LayerNorm(d_model)
        self.norm2 = LayerNorm(d_model)
        self.norm3 = LayerNorm(d_model)
        self.resid_drop = nn.Dropout(dropout)

    def forward(self, x, memory, mask=None, memory_mask=None):
        h = self.norm1(x + self.resid_drop(self.cross_attention(x, memory, memory_mask)))
        h = self.norm2(h + self.resid_drop(self.self_attention(h, mask=mask)))
        return self.norm3(h + self.resid_drop(self.feed_forward(h)))
