"""The cross-attention gets `mask`, which is the self-attention's, and `memory_mask` is never used."""

import torch
from torch import nn

from ch3_attention.multi_head import MultiHeadAttention
from ch4_blocks.feed_forward import FeedForward
from ch4_blocks.normalization import LayerNorm


class DecoderBlock(nn.Module):
    def __init__(self, d_model, n_heads, d_ff, dropout=0.0, activation=torch.relu):
        super().__init__()
        self.self_attention = MultiHeadAttention(d_model, n_heads, bias=True)
        self.cross_attention = MultiHeadAttention(d_model, n_heads, bias=True)
        self.feed_forward = FeedForward(d_model, d_ff, activation)
        self.norm1 = LayerNorm(d_model)
        self.norm2 = LayerNorm(d_model)
        self.norm3 = LayerNorm(d_model)
        self.drop1 = nn.Dropout(dropout)
        self.drop2 = nn.Dropout(dropout)
        self.drop3 = nn.Dropout(dropout)

    def forward(self, x, memory, mask=None, memory_mask=None):
        # self-attention
        attn = self.self_attention(x, mask=mask)
        x = self.norm1(x + self.drop1(attn))
        # cross-attention
        attn = self.cross_attention(x, context=memory, mask=mask)
        x = self.norm2(x + self.drop2(attn))
        # feed-forward
        ff = self.feed_forward(x)
        x = self.norm3(x + self.drop3(ff))
        return x
