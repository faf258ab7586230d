"""# The Transformer block, post-norm and pre-norm

**How are attention and a feed-forward network put together, so that dozens of blocks can be stacked?** Without the
addition around them, 24 layers leave less than a billionth of the gradient to the first one; `gradient_flow` measures
it.

A block is attention and a feed-forward network, each with a *residual* road around it: the sub-layer's output is
**added** to its input. So a block that has learned nothing yet passes its input on, and in the backward pass the
gradient reaches the layers below by the addition, without loss.

Where the normalization stands makes two kinds:

    post-norm (2017, BERT):   x = norm1(x + attention(x))
                              x = norm2(x + feed_forward(x))

    pre-norm (GPT-2, LLaMA):  x = x + attention(norm1(x))
                              x = x + feed_forward(norm2(x))

In the post-norm block everything passes through a norm. In the pre-norm block the sum `x` itself is never
normalized: the residual road runs free from the first block to the last. Each sub-layer has a norm of its own.

In training, dropout works on each sub-layer's output before that output is added. The residual road loses nothing.

| name | shape |
|---|---|
| `x` | `(batch, seq, d_model)` |
| `mask` | `(seq, seq)`, `(batch, seq or 1, seq)` or `(batch, heads or 1, seq or 1, seq)`; True means "may attend" |
| result | `(batch, seq, d_model)` |

By hand: if `attention.out_proj` and `feed_forward.down` are all zero, both sub-layers give zero. Then the
pre-norm block returns `x` itself, and the post-norm block returns `norm2(norm1(x))`.

Not to be used here: `nn.TransformerEncoderLayer` and its relatives, which are this exercise, and
`nn.MultiheadAttention`: take your own attention.

Sources: Vaswani et al., *Attention Is All You Need*, 2017, section 3.1 and 5.4; Xiong et al., *On Layer
Normalization in the Transformer Architecture*, ICML 2020, figure 1 and table 1.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from jaxtyping import Bool, Float
from torch import Tensor, nn

from ch3_attention.multi_head import MultiHeadAttention
from ch4_blocks.feed_forward import FeedForward, gelu
from ch4_blocks.normalization import LayerNorm


class PostNormBlock(nn.Module):
    """Attention and feed-forward network, each added to its input and the sum normalized.

    `attention` is a MultiHeadAttention with biases, `feed_forward` a FeedForward with the `activation`, `norm1`
    (after the attention) and `norm2` (after the feed-forward network) are LayerNorms. There are no other
    parameters, and each block has its own.

    In training, dropout sets each number of a sub-layer's output to zero with probability `dropout`, before that
    output is added, and divides the others by `1 - dropout`. Every number has a draw of its own, in every call. In
    eval mode dropout does nothing.

    `n_heads` that do not divide `d_model` raise a ValueError that names them. The block runs in float32 and in
    float64, the result in the dtype of `x`, and on the `meta` device.

    >>> PostNormBlock(8, n_heads=2, d_ff=32)(torch.zeros(1, 5, 8)).shape
    torch.Size([1, 5, 8])
    """

    def __init__(
        self,
        d_model: int,
        n_heads: int,
        d_ff: int,
        dropout: float = 0.0,
        activation: Callable[[Tensor], Tensor] = gelu,
    ) -> None:
        # TODO: call nn.Module's own __init__.
        # TODO: make `attention` (bias=True), `feed_forward` with the activation, `norm1` and `norm2`, and an
        #       nn.Dropout.
        super().__init__()
        self.attention = MultiHeadAttention(d_model, n_heads, bias=True)
        self.feed_forward = FeedForward(d_model, d_ff, activation)
        self.norm1 = LayerNorm(d_model)
        self.norm2 = LayerNorm(d_model)
        self.dropout = nn.Dropout(dropout)

    def forward(
        self, x: Float[Tensor, "batch seq d_model"], mask: Bool[Tensor, "..."] | None = None
    ) -> Float[Tensor, "batch seq d_model"]:
        """norm1 of x plus its attention, then norm2 of that plus its feed-forward network.

        Without a mask every position sees every position. A mask may have 2, 3 or 4 axes, as in the table above.
        A query that may attend to nothing gets only the bias of `out_proj` from the attention, and its gradients
        are finite. A call knows nothing of earlier calls. `x` may be a view of another tensor, and stays as it is.
        """
        # TODO: attention under the mask, dropout, add, norm1.
        # TODO: feed-forward network, dropout, add, norm2.
        x = self.norm1(x + self.dropout(self.attention(x, mask=mask)))
        return self.norm2(x + self.dropout(self.feed_forward(x)))


class PreNormBlock(nn.Module):
    """Attention and feed-forward network, each on a normalized copy of its input and added to the input itself.

    Parts, dropout, refusals, dtypes and devices are those of PostNormBlock, but `norm1` stands before the attention
    and `norm2` before the feed-forward network.

    >>> PreNormBlock(8, n_heads=2, d_ff=32)(torch.zeros(1, 5, 8)).shape
    torch.Size([1, 5, 8])
    """

    def __init__(
        self,
        d_model: int,
        n_heads: int,
        d_ff: int,
        dropout: float = 0.0,
        activation: Callable[[Tensor], Tensor] = gelu,
    ) -> None:
        # TODO: the same parts as in PostNormBlock.
        super().__init__()
        self.attention = MultiHeadAttention(d_model, n_heads, bias=True)
        self.feed_forward = FeedForward(d_model, d_ff, activation)
        self.norm1 = LayerNorm(d_model)
        self.norm2 = LayerNorm(d_model)
        self.dropout = nn.Dropout(dropout)

    def forward(
        self, x: Float[Tensor, "batch seq d_model"], mask: Bool[Tensor, "..."] | None = None
    ) -> Float[Tensor, "batch seq d_model"]:
        """x plus attention of norm1(x), then that plus the feed-forward network of its norm2.

        Masks, calls and views are as in PostNormBlock.
        """
        # TODO: norm1, attention under the mask, dropout; add to the x that was not normalized.
        # TODO: norm2, feed-forward network, dropout; add in the same way.
        x = x + self.dropout(self.attention(self.norm1(x), mask=mask))
        return x + self.dropout(self.feed_forward(self.norm2(x)))


@contextmanager
def in_mode(model: nn.Module, training: bool) -> Iterator[None]:
    """Given: train or eval mode inside a `with` block; after it, or an error in it, each part has its former mode.

    >>> block = PreNormBlock(8, n_heads=2, d_ff=32)
    >>> with in_mode(block, training=False):
    ...     print(block.training)
    False
    >>> block.training
    True
    """
    modes = [(module, module.training) for module in model.modules()]
    model.train(training)
    try:
        yield
    finally:
        for module, mode in modes:
            module.training = mode
