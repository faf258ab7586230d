"""Self-attention and cross-attention are one and the same module with the same weights, and the last sum does not go
through norm3."""

import torch
from torch import nn

from ch3_attention.multi_head import MultiHeadAttention
from ch4_blocks.feed_forward import FeedForward
from ch4_blocks.normalization import LayerNorm


class DecoderBlock(nn.Module):
    def __init__(self, d_model, n_heads, d_ff, dropout=0.0, activation=torch.relu):
        super().__init__()
        attention = MultiHeadAttention(d_model, n_heads, bias=True)
        self.self_attention = attention
        self.cross_attention = attention
        self.feed_forward = FeedForward(d_model, d_ff, activation)
        self.norm1 = LayerNorm(d_model)
        self.norm2 = LayerNorm(d_model)
        self.norm3 = LayerNorm(d_model)
        self.drop = nn.Dropout(dropout)

    def forward(self, x, memory, mask=None, memory_mask=None):
        a = self.drop(self.self_attention(x, mask=mask))
        x1 = self.norm1(x + a)
        b = self.drop(self.cross_attention(x1, context=memory, mask=memory_mask))
        x2 = self.norm2(x1 + b)
        c = self.drop(self.feed_forward(x2))
        return x2 + c
