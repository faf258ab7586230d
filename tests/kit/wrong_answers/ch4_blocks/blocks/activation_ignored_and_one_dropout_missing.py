"""`PreNormBlock` does not hand its `activation` on to the FeedForward, and `PostNormBlock` adds the output of the
feed-forward network without dropout."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from torch import Tensor, nn

from ch3_attention.multi_head import MultiHeadAttention
from ch4_blocks.feed_forward import FeedForward, gelu
from ch4_blocks.normalization import LayerNorm


class PostNormBlock(nn.Module):
    def __init__(
        self, d_model: int, n_heads: int, d_ff: int, dropout: float = 0.0, activation: Callable[[Tensor], Tensor] = gelu
    ) -> None:
        super().__init__()
        if d_model % n_heads != 0:
            raise ValueError(f"d_model {d_model} cannot be split into {n_heads} heads")
        self.attention = MultiHeadAttention(d_model, n_heads, bias=True)
        self.norm1 = LayerNorm(d_model)
        self.feed_forward = FeedForward(d_model, d_ff, activation)
        self.norm2 = LayerNorm(d_model)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        attn = self.dropout(self.attention(x, mask=mask))
        out1 = self.norm1(x + attn)
        ffn = self.feed_forward(out1)
        out2 = self.norm2(out1 + ffn)
        return out2


class PreNormBlock(nn.Module):
    def __init__(
        self, d_model: int, n_heads: int, d_ff: int, dropout: float = 0.0, activation: Callable[[Tensor], Tensor] = gelu
    ) -> None:
        super().__init__()
        if d_model % n_heads != 0:
            raise ValueError(f"d_model {d_model} cannot be split into {n_heads} heads")
        self.attention = MultiHeadAttention(d_model, n_heads, bias=True)
        self.norm1 = LayerNorm(d_model)
        self.feed_forward = FeedForward(d_model, d_ff)
        self.norm2 = LayerNorm(d_model)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        attn = self.dropout(self.attention(self.norm1(x), mask=mask))
        out1 = x + attn
        ffn = self.dropout(self.feed_forward(self.norm2(out1)))
        out2 = out1 + ffn
        return out2


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
