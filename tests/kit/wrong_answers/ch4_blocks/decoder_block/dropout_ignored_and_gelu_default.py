"""`nn.Dropout()` is made without the argument `dropout`, so its rate is always 0.5, and the default activation is GELU
instead of ReLU."""

from collections.abc import Callable

from torch import Tensor, nn

from ch3_attention.multi_head import MultiHeadAttention
from ch4_blocks.feed_forward import FeedForward, gelu
from ch4_blocks.normalization import LayerNorm


class DecoderBlock(nn.Module):
    def __init__(
        self,
        d_model: int,
        n_heads: int,
        d_ff: int,
        dropout: float = 0.0,
        activation: Callable[[Tensor], Tensor] = gelu,
    ) -> None:
        super().__init__()
        self.self_attention = MultiHeadAttention(d_model, n_heads, bias=True)
        self.cross_attention = MultiHeadAttention(d_model, n_heads, bias=True)
        self.feed_forward = FeedForward(d_model, d_ff, activation=activation)
        self.norm1 = LayerNorm(d_model)
        self.norm2 = LayerNorm(d_model)
        self.norm3 = LayerNorm(d_model)
        self.dropout = nn.Dropout()

    def forward(
        self,
        x: Tensor,
        memory: Tensor,
        mask: Tensor | None = None,
        memory_mask: Tensor | None = None,
    ) -> Tensor:
        residual = x
        hidden_states = self.self_attention(x, mask=mask)
        hidden_states = self.norm1(residual + self.dropout(hidden_states))

        residual = hidden_states
        hidden_states = self.cross_attention(hidden_states, memory, memory_mask)
        hidden_states = self.norm2(residual + self.dropout(hidden_states))

        residual = hidden_states
        hidden_states = self.feed_forward(hidden_states)
        return self.norm3(residual + self.dropout(hidden_states))
