"""# Softmax

**How do scores, which may be any numbers, become weights that sum to one?** Computed as the formula stands,
`exp(1000)` is infinity, and infinity divided by infinity is NaN: one large score makes the whole row NaN.

Softmax turns any row of numbers into weights: each is `exp(xᵢ)`, divided by the sum of all of them. None is
negative, and together they make one. Attention uses it to decide how much of each value a query takes.

Adding the same number to every entry changes nothing, because it cancels between the top and the bottom of the
fraction. So subtract the largest entry first: then the largest power is `exp(0) = 1` and nothing can overflow.

Half precision has a second trap. The largest float16 number is 65504, so a sum of 70,000 ones is infinity there. So
sum in float32, and go back to the dtype of `x` at the end.

One kind of row needs a rule of its own. A score of `-inf` means "not this one", and its weight is 0. Where *every*
entry is `-inf`, the formula gives 0 / 0. Here the answer is a row of zeros, with gradients of zero.

| name | shape |
|---|---|
| `x` | any shape with at least one axis, and no axis of length 0 |
| `dim` | one of its axes; negative counts from the end |
| result | the shape and the dtype of `x`; sums to one along `dim` |

By hand: `softmax([0, ln 3])` is `[1/4, 3/4]`, and so is `softmax([1000, 1000 + ln 3])`.

Not to be used here: any ready-made softmax, log-softmax or log-sum-exp. From the next exercise on they are free.

Source: Goodfellow, Bengio and Courville, *Deep Learning* (2016), section 4.1, on overflow in the softmax.
"""

import torch
from jaxtyping import Float
from torch import Tensor


def softmax(x: Float[Tensor, "*shape"], dim: int) -> Float[Tensor, "*shape"]:
    """`exp(x)` divided by its sum along `dim`: weights that are not negative and sum to one along `dim`.

    Gradients flow through the powers and through their sum. `x` may have any number of axes, also of length 1,
    and need not be contiguous. The result has the shape and the dtype of `x`; `x` itself is not changed.

    Right for entries as large as ±1e4, in float64 (to the digits of float32), float32, float16 and bfloat16, also for
    rows so long that their sum would overflow in float16. An entry of `-inf` gets the weight zero. Where all entries
    along `dim` are `-inf`, all weights are zero and so are their gradients. It runs on the meta device as well: a
    tensor there has no values that Python could look at (`if`, `.item()`).

    >>> softmax(torch.tensor([[0.0, 0.0], [5.0, -torch.inf]]), dim=-1)
    tensor([[0.5000, 0.5000],
            [1.0000, 0.0000]])
    """
    # TODO: work in float32 at least: a sum of 70,000 ones overflows in float16 (`torch.promote_types` chooses).
    # TODO: find the largest entry along `dim`, and keep that axis so that it broadcasts against `x`.
    # TODO: where the largest is -inf, use 0 instead: -inf minus -inf would be NaN.
    # TODO: subtract it, take the exponential, and sum along `dim`.
    # TODO: divide. Where the sum is 0 (all entries -inf), divide by 1 instead. Give the result the dtype of `x`.
    wide = x.to(torch.promote_types(x.dtype, torch.float32))
    largest = wide.detach().amax(dim, keepdim=True)
    powers = (wide - largest.masked_fill(largest == -torch.inf, 0.0)).exp()
    total = powers.sum(dim, keepdim=True)
    return (powers / total.masked_fill(total == 0, 1.0)).to(x.dtype)
