"""Small wrapper functions, positional arguments, dropout by a drawn mask, parts made in another order."""

import torch
from torch import nn

from ch3_attention.multi_head import MultiHeadAttention
from ch4_blocks.feed_forward import FeedForward
from ch4_blocks.normalization import LayerNorm


class DecoderBlock(nn.Module):
    def __init__(self, d_model, n_heads, d_ff, dropout=0.0, activation=torch.relu):
        super().__init__()
        for i in (3, 2, 1):
            setattr(self, f"norm{i}", LayerNorm(d_model))
        self.feed_forward = FeedForward(d_model, d_ff, activation=activation)
        self.cross_attention = MultiHeadAttention(d_model, n_heads, bias=True)
        self.self_attention = MultiHeadAttention(d_model, n_heads, bias=True)
        self.keep = 1.0 - dropout

    def add_and_norm(self, x, y, norm):
        if self.training and self.keep < 1.0:
            y = y * torch.bernoulli(torch.full_like(y, self.keep)) / self.keep
        return norm(x + y)

    def forward(self, x, memory, mask=None, memory_mask=None):
        x = self.add_and_norm(x, self.self_attention(x, x, mask), self.norm1)
        x = self.add_and_norm(x, self.cross_attention(x, memory, memory_mask), self.norm2)
        return self.add_and_norm(x, self.feed_forward(x), self.norm3)
