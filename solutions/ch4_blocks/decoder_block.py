"""# The decoder block: self-attention, cross-attention, feed-forward network

**How does a model that writes one sentence read another one?** Without cross-attention a decoder gives the same
output for every source. It may write good German, but not the translation of this sentence.

The decoder of 2017 writes a translation one token at a time and looks at two things: at what it has written so
far, by **self-attention**, and at the encoded source sentence, the `memory`, by **cross-attention**. In
cross-attention the queries come from the decoder, keys and values from the memory. The order is self-attention,
cross-attention, feed-forward network, and each is added to its input and the sum normalized (post-norm):

    x = norm1(x + self_attention(x, mask))
    x = norm2(x + cross_attention(x, memory, memory_mask))
    x = norm3(x + feed_forward(x))

The block masks **only what it is told to**. In a translator `mask` is causal, so that a position does not see
what is still to be written; `memory_mask` hides the source's padding. A causal mask on the cross-attention
would be wrong: the whole source is known from the start, and its length has nothing to do with the target's.

| name | shape |
|---|---|
| `x` | `(batch, q_len, d_model)`, the target so far |
| `memory` | `(batch, k_len, d_model)`, the encoder's output; any other length |
| `mask` | `(q_len, q_len)`, `(batch, q_len or 1, q_len)` or `(batch, heads or 1, q_len or 1, q_len)` |
| `memory_mask` | the same, but with `k_len` on the last axis; in both True means "may attend" |
| result | `(batch, q_len, d_model)` |

By hand: if `cross_attention.out_proj` is all zero, the block gives the same for every memory. If the mask is
causal, a change of the last position of `x` changes only the last position of the result; a change of any
position of the memory changes them all.

Not to be used here: `nn.TransformerDecoderLayer` and its relatives, which are this exercise, and
`nn.MultiheadAttention`: take your own attention.

Source: Vaswani et al., *Attention Is All You Need*, 2017, section 3.1 (decoder), 3.2.3 and figure 1.
"""

from collections.abc import Callable

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from ch3_attention.multi_head import MultiHeadAttention
from ch4_blocks.feed_forward import FeedForward
from ch4_blocks.normalization import LayerNorm


class DecoderBlock(nn.Module):
    """Self-attention, cross-attention to a memory, feed-forward network; post-norm, with ReLU, as in 2017.

    `self_attention` and `cross_attention` are MultiHeadAttentions with biases, `feed_forward` is a FeedForward with
    the `activation`, `norm1`, `norm2` and `norm3` are LayerNorms, one after each sub-layer in this order. There are
    no other parameters, and each block has its own.

    In training, dropout works on each sub-layer's output before it is added, as in PostNormBlock: each number has a
    draw of its own, in every call. In eval mode it does nothing.

    `n_heads` that do not divide `d_model` raise a ValueError that names them. The block runs in float32 and in
    float64, the result in the dtype of `x`, and on the `meta` device.

    >>> DecoderBlock(8, n_heads=2, d_ff=32)(torch.zeros(1, 3, 8), memory=torch.zeros(1, 5, 8)).shape
    torch.Size([1, 3, 8])
    """

    def __init__(
        self,
        d_model: int,
        n_heads: int,
        d_ff: int,
        dropout: float = 0.0,
        activation: Callable[[Tensor], Tensor] = torch.relu,
    ) -> None:
        # TODO: call nn.Module's own __init__.
        # TODO: make two attentions (bias=True), the feed-forward network with the activation, three norms and an
        #       nn.Dropout.
        super().__init__()
        self.self_attention = MultiHeadAttention(d_model, n_heads, bias=True)
        self.cross_attention = MultiHeadAttention(d_model, n_heads, bias=True)
        self.feed_forward = FeedForward(d_model, d_ff, activation)
        self.norm1 = LayerNorm(d_model)
        self.norm2 = LayerNorm(d_model)
        self.norm3 = LayerNorm(d_model)
        self.dropout = nn.Dropout(dropout)

    def forward(
        self,
        x: Float[Tensor, "batch q_len d_model"],
        memory: Float[Tensor, "batch k_len d_model"],
        mask: Bool[Tensor, "..."] | None = None,
        memory_mask: Bool[Tensor, "..."] | None = None,
    ) -> Float[Tensor, "batch q_len d_model"]:
        """The target's positions after a look at themselves, at the memory, and the feed-forward network.

        `mask` is for the self-attention alone, `memory_mask` for the cross-attention alone. Without a mask everything
        is seen. Each may have 2, 3 or 4 axes, as in the table above. A query that may attend to nothing gets only the
        bias of that attention's `out_proj`, and its gradients are finite. A call knows nothing of earlier calls. `x`
        and `memory` may be views of other tensors, and stay as they are.
        """
        # TODO: self-attention under `mask`, dropout, add, norm1.
        # TODO: cross-attention with the memory as context under `memory_mask`, dropout, add, norm2.
        # TODO: feed-forward network, dropout, add, norm3.
        x = self.norm1(x + self.dropout(self.self_attention(x, mask=mask)))
        x = self.norm2(x + self.dropout(self.cross_attention(x, context=memory, mask=memory_mask)))
        return self.norm3(x + self.dropout(self.feed_forward(x)))
