"""`PostNormBlock` gives the mask to the attention as its second positional argument, which is `context`."""

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn

from ch3_attention.multi_head import MultiHeadAttention
from ch4_blocks.feed_forward import FeedForward, gelu
from ch4_blocks.normalization import LayerNorm


class PostNormBlock(nn.Module):
    """Transformer encoder layer of the 2017 paper."""

    def __init__(self, d_model, n_heads, d_ff, dropout=0.0, activation=gelu):
        super().__init__()
        self.attention = MultiHeadAttention(d_model, n_heads, bias=True)
        self.norm1 = LayerNorm(d_model)
        self.resid_dropout = nn.Dropout(dropout)
        self.feed_forward = FeedForward(d_model, d_ff, activation)
        self.norm2 = LayerNorm(d_model)

    def forward(self, x, mask=None):
        a = self.attention(x, mask)
        x = self.norm1(x + self.resid_dropout(a))
        f = self.feed_forward(x)
        x = self.norm2(x + self.resid_dropout(f))
        return x


class PreNormBlock(nn.Module):
    """GPT-2's layer."""

    def __init__(self, d_model, n_heads, d_ff, dropout=0.0, activation=gelu):
        super().__init__()
        self.norm1 = LayerNorm(d_model)
        self.attention = MultiHeadAttention(d_model, n_heads, bias=True)
        self.resid_dropout = nn.Dropout(dropout)
        self.norm2 = LayerNorm(d_model)
        self.feed_forward = FeedForward(d_model, d_ff, activation)

    def forward(self, x, mask=None):
        a = self.attention(self.norm1(x), mask=mask)
        x = x + self.resid_dropout(a)
        f = self.feed_forward(self.norm2(x))
        x = x + self.resid_dropout(f)
        return x


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
