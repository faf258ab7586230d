"""Both blocks call `F.dropout` without `training=self.training`, so numbers are dropped in eval mode as well."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch.nn.functional as F
from torch import nn

from ch3_attention.multi_head import MultiHeadAttention
from ch4_blocks.feed_forward import FeedForward, gelu
from ch4_blocks.normalization import LayerNorm


class PostNormBlock(nn.Module):
    def __init__(self, d_model, n_heads, d_ff, dropout=0.0, activation=gelu):
        super().__init__()
        self.attention = MultiHeadAttention(d_model, n_heads, bias=True)
        self.feed_forward = FeedForward(d_model, d_ff, activation)
        self.norm1 = LayerNorm(d_model)
        self.norm2 = LayerNorm(d_model)
        self.p = dropout

    def forward(self, x, mask=None):
        attn_out = F.dropout(self.attention(x, mask=mask), p=self.p)
        h = self.norm1(x + attn_out)
        ff_out = F.dropout(self.feed_forward(h), p=self.p)
        return self.norm2(h + ff_out)


class PreNormBlock(nn.Module):
    def __init__(self, d_model, n_heads, d_ff, dropout=0.0, activation=gelu):
        super().__init__()
        self.attention = MultiHeadAttention(d_model, n_heads, bias=True)
        self.feed_forward = FeedForward(d_model, d_ff, activation)
        self.norm1 = LayerNorm(d_model)
        self.norm2 = LayerNorm(d_model)
        self.p = dropout

    def forward(self, x, mask=None):
        attn_out = F.dropout(self.attention(self.norm1(x), mask=mask), p=self.p)
        h = x + attn_out
        ff_out = F.dropout(self.feed_forward(self.norm2(h)), p=self.p)
        return h + ff_out


@contextmanager
def in_mode(model: nn.Module, training: bool) -> Iterator[None]:
    """Given: train or eval mode inside a `with` block; after it, or an error in it, each part has its former mode."""
    modes = [(module, module.training) for module in model.modules()]
    model.train(training)
    try:
        yield
    finally:
        for module, mode in modes:
            module.training = mode
