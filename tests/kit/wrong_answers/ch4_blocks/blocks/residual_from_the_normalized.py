"""`PreNormBlock.forward` overwrites x with its normalized copy, so each sub-layer is added to the normalized x."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import nn

from ch3_attention.multi_head import MultiHeadAttention
from ch4_blocks.feed_forward import FeedForward, gelu
from ch4_blocks.normalization import LayerNorm


class _Parts(nn.Module):
    # both kinds of block are made of the same pieces
    def __init__(
        self,
        d_model: int,
        n_heads: int,
        d_ff: int,
        dropout: float = 0.0,
        activation: Callable[[torch.Tensor], torch.Tensor] = gelu,
    ):
        super().__init__()
        self.attention = MultiHeadAttention(d_model, n_heads, bias=True)
        self.feed_forward = FeedForward(d_model, d_ff, activation)
        self.norm1, self.norm2 = LayerNorm(d_model), LayerNorm(d_model)
        self.dropout = nn.Dropout(dropout)


class PostNormBlock(_Parts):
    def forward(self, x: torch.Tensor, mask: torch.Tensor | None = None) -> torch.Tensor:
        residual = x
        attended = self.dropout(self.attention(x, None, mask))
        hidden_states = self.norm1(residual + attended)

        residual = hidden_states
        output = self.dropout(self.feed_forward(hidden_states))
        return self.norm2(residual + output)


class PreNormBlock(_Parts):
    def forward(self, x: torch.Tensor, mask: torch.Tensor | None = None) -> torch.Tensor:
        x = self.norm1(x)
        attended = self.dropout(self.attention(x, None, mask))
        x = x + attended

        x = self.norm2(x)
        output = self.dropout(self.feed_forward(x))
        return x + output


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
