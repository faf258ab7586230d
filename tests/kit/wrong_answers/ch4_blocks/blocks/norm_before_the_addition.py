"""`PostNormBlock` normalizes each sub-layer's output before it is added, where it should normalize the sum."""

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn

from ch3_attention.multi_head import MultiHeadAttention
from ch4_blocks.feed_forward import FeedForward, gelu
from ch4_blocks.normalization import LayerNorm


class PostNormBlock(nn.Module):
    def __init__(self, d_model, n_heads, d_ff, dropout=0.0, activation=gelu):
        super().__init__()
        self.norm1 = LayerNorm(d_model)
        self.norm2 = LayerNorm(d_model)
        self.attention = MultiHeadAttention(d_model, n_heads, bias=True)
        self.feed_forward = FeedForward(d_model, d_ff, activation=activation)
        self.drop = nn.Dropout(p=dropout)

    def add_and_norm(self, x, sublayer, norm):
        """The residual connection around any sub-layer, followed by the norm."""
        return x + norm(self.drop(sublayer(x)))

    def forward(self, x, mask=None):
        x = self.add_and_norm(x, lambda t: self.attention(t, mask=mask), self.norm1)
        return self.add_and_norm(x, self.feed_forward, self.norm2)


class PreNormBlock(nn.Module):
    def __init__(self, d_model, n_heads, d_ff, dropout=0.0, activation=gelu):
        super().__init__()
        self.norm1 = LayerNorm(d_model)
        self.norm2 = LayerNorm(d_model)
        self.attention = MultiHeadAttention(d_model, n_heads, bias=True)
        self.feed_forward = FeedForward(d_model, d_ff, activation=activation)
        self.drop = nn.Dropout(p=dropout)

    def norm_and_add(self, x, sublayer, norm):
        return x + self.drop(sublayer(norm(x)))

    def forward(self, x, mask=None):
        x = self.norm_and_add(x, lambda t: self.attention(t, mask=mask), self.norm1)
        return self.norm_and_add(x, self.feed_forward, self.norm2)


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
