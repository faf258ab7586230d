"""`PreNormBlock` applies dropout to the sum of x and the sub-layer's output, so the residual road loses numbers too."""

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn

from ch3_attention.multi_head import MultiHeadAttention
from ch4_blocks.feed_forward import FeedForward, gelu
from ch4_blocks.normalization import LayerNorm


class PostNormBlock(nn.Module):
    def __init__(self, d_model, n_heads, d_ff, dropout=0.0, activation=gelu):
        super().__init__()
        self.attention = MultiHeadAttention(d_model=d_model, n_heads=n_heads, bias=True)
        self.dropout1 = nn.Dropout(dropout)
        self.norm1 = LayerNorm(d_model)
        self.feed_forward = FeedForward(d_model, d_ff, activation)
        self.dropout2 = nn.Dropout(dropout)
        self.norm2 = LayerNorm(d_model)

    def forward(self, x, mask=None):
        y = self.norm1(self.dropout1(self.attention(x, mask=mask)) + x)
        return self.norm2(self.dropout2(self.feed_forward(y)) + y)


class PreNormBlock(nn.Module):
    def __init__(self, d_model, n_heads, d_ff, dropout=0.0, activation=gelu):
        super().__init__()
        self.norm1 = LayerNorm(d_model)
        self.attention = MultiHeadAttention(d_model=d_model, n_heads=n_heads, bias=True)
        self.dropout1 = nn.Dropout(dropout)
        self.norm2 = LayerNorm(d_model)
        self.feed_forward = FeedForward(d_model, d_ff, activation)
        self.dropout2 = nn.Dropout(dropout)

    def forward(self, x, mask=None):
        y = self.dropout1(x + self.attention(self.norm1(x), mask=mask))
        return self.dropout2(y + self.feed_forward(self.norm2(y)))


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
