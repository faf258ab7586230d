"""Pairs of a norm and a sub-layer stand in a plain list beside their names, torch's own norm, a dropout for each."""

from torch import nn

from ch3_attention.multi_head import MultiHeadAttention
from ch4_blocks.feed_forward import FeedForward, gelu


class PostNormBlock(nn.Module):
    def __init__(self, d_model, n_heads, d_ff, dropout=0.0, activation=gelu):
        nn.Module.__init__(self)
        self.feed_forward = FeedForward(d_model, d_ff, activation)
        self.norm2 = nn.LayerNorm(d_model)
        self.drop2 = nn.Dropout(dropout)
        self.attention = MultiHeadAttention(d_model, n_heads, bias=True)
        self.norm1 = nn.LayerNorm(d_model)
        self.drop1 = nn.Dropout(dropout, inplace=True)
        self._order = [
            (self.norm1, self.drop1, lambda y, mask: self.attention(y, mask=mask)),
            (self.norm2, self.drop2, lambda y, mask: self.feed_forward(y)),
        ]

    def forward(self, x, mask=None):
        for norm, drop, sub_layer in self._order:
            residual = x
            x = norm(residual + drop(sub_layer(x, mask)))
        return x


class PreNormBlock(PostNormBlock):
    def forward(self, x, mask=None):
        for norm, drop, sub_layer in self._order:
            residual = x
            x = residual + drop(sub_layer(norm(x), mask))
        return x
