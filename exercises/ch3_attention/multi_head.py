"""# Multi-head attention

**Why several heads, when one of full width costs about the same?** One softmax for each query makes one average. A
word that needs its verb *and* its adjective gets a mixture of both, and cannot take them apart.

So `d_model` is cut into `n_heads` slices of `d_head = d_model / n_heads` numbers. Each slice attends on its own, and
`out_proj` mixes what the heads found.

Head `h` owns the columns `h * d_head` to `(h + 1) * d_head - 1` of each projection. Splitting is therefore two
steps: cut the last axis into `(n_heads, d_head)`, then move the heads in front of the sequence. Reshaping straight
to `(batch, n_heads, seq, d_head)` would mix positions with heads.

In *cross*-attention the queries come from `x`, and keys and values from another sequence, `context`.

| name | shape |
|---|---|
| `x` | `(batch, q_len, d_model)` |
| `context` | `(batch, k_len, d_model)` |
| heads | `(batch, n_heads, seq, d_head)` |
| `mask` | 2 axes `(q_len, k_len)`, 3 `(batch, q_len or 1, k_len)` for all heads, or 4; True means "may attend" |
| output | `(batch, q_len, d_model)` |
| `attention_weights` | `(batch, n_heads, q_len, k_len)` |

By hand: `split_heads([[[1, 2, 3, 4], [5, 6, 7, 8]]], 2)` is `[[[[1, 2], [5, 6]], [[3, 4], [7, 8]]]]`.

Not to be used in this chapter: `F.scaled_dot_product_attention`, `nn.MultiheadAttention` and `nn.Transformer*`.

Source: Vaswani and others, *Attention Is All You Need* (2017), section 3.2.2.
"""

from jaxtyping import Bool, Float
from torch import Tensor, nn

from ch3_attention.scaled_dot_product import scaled_dot_product_attention


def split_heads(x: Float[Tensor, "batch seq d_model"], n_heads: int) -> Float[Tensor, "batch n_heads seq d_head"]:
    """Cut the last axis into heads and move the heads in front of the sequence.

    Head `h` gets the columns from `h * d_head` on. `x` need not be contiguous, and axes of length 1 stay. A number of
    heads that is below 1 or does not divide the last axis raises a `ValueError` that names it.

    >>> split_heads(torch.tensor([[[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0]]]), 2)
    tensor([[[[1., 2.],
              [5., 6.]],
    <BLANKLINE>
             [[3., 4.],
              [7., 8.]]]])
    """
    # TODO: reject a number of heads that does not divide the width.
    # TODO: cut the last axis into (n_heads, d_head), then swap the sequence and the heads.
    raise NotImplementedError


def merge_heads(x: Float[Tensor, "batch n_heads seq d_head"]) -> Float[Tensor, "batch seq d_model"]:
    """The inverse of `split_heads`: the heads' slices side by side again. `x` need not be contiguous.

    >>> merge_heads(torch.tensor([[[[1.0], [3.0]], [[2.0], [4.0]]]]))
    tensor([[[1., 2.],
             [3., 4.]]])
    """
    # TODO: swap the heads and the sequence back, then join the last two axes.
    raise NotImplementedError


class MultiHeadAttention(nn.Module):
    """`n_heads` attentions side by side: `q_proj`, `k_proj`, `v_proj` and `out_proj` are `nn.Linear(d_model, d_model)`.

    `bias` says whether all four have a bias. `n_heads` is kept as an attribute, because later exercises read it. A
    number of heads that is below 1 or does not divide `d_model` raises a `ValueError` that names it.

    >>> MultiHeadAttention(d_model=12, n_heads=3)(torch.zeros(2, 5, 12)).shape
    torch.Size([2, 5, 12])
    """

    def __init__(self, d_model: int, n_heads: int, bias: bool = False) -> None:
        # TODO: reject a number of heads that does not divide d_model.
        # TODO: call nn.Module's own __init__, keep n_heads, and make the four projections under their names.
        raise NotImplementedError

    def forward(
        self,
        x: Float[Tensor, "batch q_len d_model"],
        context: Float[Tensor, "batch k_len d_model"] | None = None,
        mask: Bool[Tensor, "*broadcast q_len k_len"] | None = None,
    ) -> Float[Tensor, "batch q_len d_model"]:
        """Self-attention over `x`, or cross-attention from `x` to `context` when it is given. Returns the output alone.

        In `mask`, True means "may attend". Its last axis belongs to what gives the keys. One of 2 axes
        `(q_len, k_len)` serves all sequences and heads, one of 3 axes `(batch, q_len or 1, k_len)` all heads of its
        own sequence, and one of 4 axes is used as it is. A query that may attend to nothing has weights and mixed
        values of zero, so its output is `out_proj` of zero.

        Gradients reach `x`, `context` and every parameter, and are finite where a query sees nothing. Axes of length 1
        stay. The output has the dtype of `x` and the parameters, float64 or bfloat16 say. It runs on the meta device as
        well, and does the same in train and in eval mode.
        """
        # TODO: merge the heads' mixed values and project them.
        raise NotImplementedError

    def attention_weights(self, x, context=None, mask=None) -> Float[Tensor, "batch n_heads q_len k_len"]:
        """The weights of every head, for the same arguments as `forward`, whatever `forward` was called with before."""
        # TODO: return the weights that `forward` mixes the values with.
        raise NotImplementedError

    def _attend(self, x, context, mask):
        """What both methods share: the mixed values of every head, `(batch, n_heads, q_len, d_head)`, and the weights.

        The arguments are those of `forward`.
        """
        # TODO: queries come from x; keys and values from context, or from x where there is none. Split each.
        # TODO: give a mask of 3 axes a heads axis at place 1; masks of 2 and 4 axes fit as they are.
        # TODO: hand the heads to your own scaled_dot_product_attention.
        raise NotImplementedError
