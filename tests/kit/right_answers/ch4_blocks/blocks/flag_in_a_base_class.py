"""One class with a flag for both kinds, sub-layers as functions, dropout by a mask drawn here."""

import torch
from torch import nn

from ch3_attention.multi_head import MultiHeadAttention
from ch4_blocks.feed_forward import FeedForward, gelu
from ch4_blocks.normalization import LayerNorm


class _Block(nn.Module):
    norm_first = False

    def __init__(self, d_model, n_heads, d_ff, dropout=0.0, activation=gelu):
        super().__init__()
        self.norm2 = LayerNorm(d_model)
        self.norm1 = LayerNorm(d_model)
        self.feed_forward = FeedForward(d_model, d_ff, activation=activation)
        self.attention = MultiHeadAttention(d_model, n_heads, True)
        self.p = dropout

    def drop(self, y):
        if not self.training or self.p == 0.0:
            return y
        kept = torch.rand(y.shape, device=y.device) >= self.p
        return y * kept / (1.0 - self.p)

    def around(self, x, norm, sub_layer):
        if self.norm_first:
            return self.drop(sub_layer(norm(x))).add(x)
        return norm(self.drop(sub_layer(x)) + x)

    def forward(self, x, mask=None):
        x = self.around(x, self.norm1, lambda y: self.attention(y, None, mask))
        return self.around(x, self.norm2, self.feed_forward)


class PostNormBlock(_Block):
    pass


class PreNormBlock(_Block):
    norm_first = True
