"""# Rotary positions

**How can a score depend on the distance between two tokens, and not on where they stand?** With position vectors
that are added, the same two words score differently at places 1 and 3 than at places 101 and 103, and a learned table
has no row beyond its last place.

Rather than adding a position to a word, *turn* its query and its key by an angle that grows with the position. A dot
product of two turned vectors depends on their angles' difference alone, and so on the distance of the two words. Values
are not turned: they say what is handed over, not where it is.

A vector of `d_head` numbers is `d_head / 2` pairs `(x₀, x₁), (x₂, x₃), ...`. Pair `i` at position `p` turns by
`p · base^(-2i / d_head)`, anticlockwise:

    x′₂ᵢ   = x₂ᵢ cos(angle) − x₂ᵢ₊₁ sin(angle)
    x′₂ᵢ₊₁ = x₂ᵢ sin(angle) + x₂ᵢ₊₁ cos(angle)

| name | shape |
|---|---|
| `x` | `(..., seq, d_head)`, split into heads already: `(batch, heads, seq, d_head)` in a model |
| `positions` | `(seq,)`, or anything that broadcasts to `(..., seq)`: one row per sequence is `(batch, 1, seq)` |
| result | the shape and dtype of `x` |

By hand: with `d_head = 2` the only angle is the position itself, so `[1, 0]` at position 1 becomes
`[cos 1, sin 1] = [0.5403, 0.8415]`. Position 0 changes nothing.

Some libraries pair the first half of a vector with its second half instead. That is as good, but weights do not move
from one to the other; here, as in the paper, neighbours are a pair.

Not to be used in this chapter: `F.scaled_dot_product_attention`, `nn.MultiheadAttention` and `nn.Transformer*`.

Source: Su and others, *RoFormer: Enhanced Transformer with Rotary Position Embedding* (2021), equations 15 and 34.
"""

import torch
from jaxtyping import Float, Shaped
from torch import Tensor


def apply_rotary(
    x: Float[Tensor, "*batch seq d_head"], positions: Shaped[Tensor, "*broadcast seq"], base: float = 10000.0
) -> Float[Tensor, "*batch seq d_head"]:
    """Turn each pair `(2i, 2i + 1)` of the last axis anticlockwise by `position · base^(-2i / d_head)`.

    So a dot product of a turned query and a turned key depends on the distance between their positions alone.

    `positions` are any numbers, in any order: they need not start at 0 nor follow one another. Fractions, negative
    numbers and numbers far above `seq` are positions too. They broadcast to `(..., seq)`: positions `(seq,)` serve all
    that stands in front; positions `(batch, 1, seq)` turn each sequence of `(batch, heads, seq, d_head)` by its own;
    one position `(1,)` serves every token. `x` has any number of axes in front of `seq`, and need not be contiguous.

    The angles are worked out in float32, or in float64 when `x` is, and the result has the dtype of `x`. It runs on any
    device, `meta` too. An odd `d_head` raises a `ValueError` that names it. Neither argument is changed, and nothing is
    kept from one call to the next.

    >>> apply_rotary(torch.tensor([[1.0, 0.0], [1.0, 0.0]]), torch.tensor([0, 1]))
    tensor([[1.0000, 0.0000],
            [0.5403, 0.8415]])
    """
    # TODO: reject an odd d_head.
    # TODO: one frequency for each pair, base^(-2i / d_head), and one angle for each position and pair.
    # TODO: take the even and the odd columns apart, turn them, and interleave them again.
    raise NotImplementedError
