"""`DecoderBlock.forward` is pre-norm: it normalizes the input of each sub-layer, where it should normalize the sum."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from ch3_attention.multi_head import MultiHeadAttention
from ch4_blocks.feed_forward import FeedForward
from ch4_blocks.normalization import LayerNorm


class DecoderBlock(nn.Module):
    def __init__(
        self,
        d_model: int,
        n_heads: int,
        d_ff: int,
        dropout: float = 0.0,
        activation: Callable[[Tensor], Tensor] = torch.relu,
    ) -> None:
        super().__init__()
        self.self_attention = MultiHeadAttention(d_model, n_heads, bias=True)
        self.norm1 = LayerNorm(d_model)
        self.cross_attention = MultiHeadAttention(d_model, n_heads, bias=True)
        self.norm2 = LayerNorm(d_model)
        self.feed_forward = FeedForward(d_model, d_ff, activation)
        self.norm3 = LayerNorm(d_model)
        self.dropout = nn.Dropout(dropout)

    def _sublayer(self, x: Tensor, norm: nn.Module, fn: Callable[[Tensor], Tensor]) -> Tensor:
        return x + self.dropout(fn(norm(x)))

    def forward(
        self, x: Tensor, memory: Tensor, mask: Tensor | None = None, memory_mask: Tensor | None = None
    ) -> Tensor:
        x = self._sublayer(x, self.norm1, lambda t: self.self_attention(t, mask=mask))
        x = self._sublayer(x, self.norm2, lambda t: self.cross_attention(t, memory, memory_mask))
        return self._sublayer(x, self.norm3, self.feed_forward)
