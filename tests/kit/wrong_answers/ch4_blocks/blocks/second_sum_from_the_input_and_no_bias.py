"""`PreNormBlock` adds the feed-forward network's output to the block's input, so the attention is left out of the sum,
and the attention of `PostNormBlock` has no biases."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

from ch3_attention.multi_head import MultiHeadAttention
from ch4_blocks.feed_forward import FeedForward, gelu
from ch4_blocks.normalization import LayerNorm


class Drop(nn.Module):
    """Inverted dropout by hand."""

    def __init__(self, p):
        super().__init__()
        self.p = p

    def forward(self, y):
        if not self.training or self.p == 0.0:
            return y
        if self.p == 1.0:
            return torch.zeros_like(y)
        keep = torch.rand_like(y) >= self.p
        return y * keep / (1.0 - self.p)


class PostNormBlock(nn.Module):
    def __init__(self, d_model, n_heads, d_ff, dropout=0.0, activation=gelu):
        super().__init__()
        self.attention = MultiHeadAttention(d_model, n_heads)
        self.norm1 = LayerNorm(d_model)
        self.feed_forward = FeedForward(d_model, d_ff, activation)
        self.norm2 = LayerNorm(d_model)
        self.drop = Drop(dropout)

    def forward(self, x, mask=None):
        h = self.norm1(x + self.drop(self.attention(x, mask=mask)))
        out = self.norm2(h + self.drop(self.feed_forward(h)))
        return out


class PreNormBlock(nn.Module):
    def __init__(self, d_model, n_heads, d_ff, dropout=0.0, activation=gelu):
        super().__init__()
        self.attention = MultiHeadAttention(d_model, n_heads, bias=True)
        self.norm1 = LayerNorm(d_model)
        self.feed_forward = FeedForward(d_model, d_ff, activation)
        self.norm2 = LayerNorm(d_model)
        self.drop = Drop(dropout)

    def forward(self, x, mask=None):
        h = x + self.drop(self.attention(self.norm1(x), mask=mask))
        out = x + self.drop(self.feed_forward(self.norm2(h)))
        return out


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
