"""The block keeps the memory of an earlier call and goes on using it when a new one of the same shape is given."""

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
        self.dropout = nn.Dropout(dropout)
        self.cached_memory = None

    def forward(self, x, memory, mask=None, memory_mask=None):
        # the encoder's output does not change while a sentence is written, so it is kept
        if self.cached_memory is None or self.cached_memory.shape != memory.shape:
            self.cached_memory = memory
        context = self.cached_memory

        hidden = self.norm1(x + self.dropout(self.self_attention(x, mask=mask)))
        hidden = self.norm2(hidden + self.dropout(self.cross_attention(hidden, context=context, mask=memory_mask)))
        hidden = self.norm3(hidden + self.dropout(self.feed_forward(hidden)))
        return hidden
