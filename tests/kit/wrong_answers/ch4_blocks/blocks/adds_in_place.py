"""`PreNormBlock.forward` adds with `+=` to the tensor that it was given, so the caller's x is changed."""

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn

from ch3_attention.multi_head import MultiHeadAttention
from ch4_blocks.feed_forward import FeedForward, gelu
from ch4_blocks.normalization import LayerNorm


class PostNormBlock(nn.Module):
    def __init__(self, d_model, n_heads, d_ff, dropout=0.0, activation=gelu):
        super().__init__()
        self.attention = MultiHeadAttention(d_model, n_heads, bias=True)
        self.feed_forward = FeedForward(d_model, d_ff, activation)
        for name in ("norm1", "norm2"):
            setattr(self, name, LayerNorm(d_model))
        self.dropout = nn.Dropout(dropout)

    def forward(self, x, mask=None):
        for sublayer, norm in ((lambda t: self.attention(t, mask=mask), self.norm1), (self.feed_forward, self.norm2)):
            x = norm(x + self.dropout(sublayer(x)))
        return x


class PreNormBlock(PostNormBlock):
    def forward(self, x, mask=None):
        x += self.dropout(self.attention(self.norm1(x), mask=mask))
        x += self.dropout(self.feed_forward(self.norm2(x)))
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
