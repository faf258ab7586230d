"""The cross-attention's output is added to the block's input, where it should be added to what norm1 gives."""

import torch
from torch import nn

from ch3_attention.multi_head import MultiHeadAttention
from ch4_blocks.feed_forward import FeedForward
from ch4_blocks.normalization import LayerNorm


class DecoderBlock(nn.Module):
    """x is the target, y and z are what the first two sub-layers make of it."""

    def __init__(self, d_model, n_heads, d_ff, dropout=0.0, activation=torch.relu):
        super().__init__()
        self.self_attention = MultiHeadAttention(d_model, n_heads, True)
        self.norm1 = LayerNorm(d_model)
        self.cross_attention = MultiHeadAttention(d_model, n_heads, True)
        self.norm2 = LayerNorm(d_model)
        self.feed_forward = FeedForward(d_model, d_ff, activation)
        self.norm3 = LayerNorm(d_model)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x, memory, mask=None, memory_mask=None):
        x2 = self.self_attention(x, mask=mask)
        y = self.norm1(self.dropout(x2) + x)
        y2 = self.cross_attention(y, memory, mask=memory_mask)
        z = self.norm2(self.dropout(y2) + x)
        z2 = self.feed_forward(z)
        return self.norm3(self.dropout(z2) + z)
