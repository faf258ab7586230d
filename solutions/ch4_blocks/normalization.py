"""# Layer normalization and RMS normalization

**What keeps the numbers in a deep stack at the same size?** If each of 24 layers makes its input 1.5 times as
large, the last one gives numbers 16,834 times as large as the first one got.

A normalization sets the size back at every position. It looks at the `d_model` numbers of **one** position, never at
other positions or other sequences. So a token's result does not depend on its neighbours.

*LayerNorm* subtracts the mean μ of the position's numbers, divides by their standard deviation, and then lets
the model choose a new scale and shift for each feature, `weight` and `bias`:

    y = (x − μ) / √(σ² + ε) · weight + bias        σ² = mean of (x − μ)²

The variance divides by `d_model`, not by `d_model − 1`. The small ε stands under the root; it keeps the division
finite where all numbers of a position are equal.

*RMSNorm* leaves the mean alone and divides by the root of the mean square. It has a `weight` and no `bias`:

    y = x / √(mean of x² + ε) · weight

It costs less and works as well, so that most models since LLaMA have it.

Half precision: the square of 300 does not fit into float16, whose largest number is 65504. So for float16
and bfloat16 inputs the sums are made in float32, and the result comes back in the dtype of the input.

| name | shape |
|---|---|
| `x` | any shape that ends in `d_model` |
| `weight` | `(d_model,)`, starts at one |
| `bias` (LayerNorm only) | `(d_model,)`, starts at zero |
| result | the shape and the dtype of `x` |

By hand, with ε = 0: LayerNorm makes `[1, 3]` into `[-1, 1]`, because the mean is 2 and the standard deviation 1.
RMSNorm makes `[1, 7]` into `[0.2, 1.4]`, because the mean square is 25.

Not to be used here: `nn.LayerNorm`, `nn.RMSNorm` and their functions, which are this exercise.

Sources: Ba, Kiros and Hinton, *Layer Normalization* (2016), section 3, equation 3; Zhang and Sennrich, *Root Mean
Square Layer Normalization*, NeurIPS 2019, equation 4.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn


class LayerNorm(nn.Module):
    """Normalizes each position over its last axis, then scales by `weight` and shifts by `bias`.

    `weight` (ones) and `bias` (zeros), both of shape `(d_model,)`, are the only parameters, and all that the state dict
    holds. `eps` is 1e-5 unless given.

    >>> LayerNorm(2)(torch.tensor([[1.0, 3.0]])).detach()
    tensor([[-1.0000,  1.0000]])
    """

    def __init__(self, d_model: int, eps: float = 1e-5) -> None:
        # TODO: call nn.Module's own __init__, keep `eps`, and make the parameters `weight` (ones) and `bias` (zeros).
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(d_model))
        self.bias = nn.Parameter(torch.zeros(d_model))

    def forward(self, x: Float[Tensor, "*shape d_model"]) -> Float[Tensor, "*shape d_model"]:
        """`x` with mean 0 and variance 1 at each position, then multiplied by `weight`, and `bias` added last.

        `x` has any shape that ends in `d_model`, contiguous or not, and the result has the same shape. The variance
        divides by `d_model`, and `eps` is added to it under the root. So numbers that are all equal become `bias`, with
        finite gradients. In float32 `[10000, 10002]` becomes `[-1, 1]`, as `[1, 3]` does: take the mean of the squared
        differences, for a difference of large squares has no digits left.

        The result has the dtype of `x`, which is that of the parameters. Sums of float16 and bfloat16 numbers are made
        in float32, those of float64 in float64. It runs on any device, `meta` too. Nothing is remembered from one call
        to the next, in `train` or in `eval`, and `x` is not changed.
        """
        # TODO: go on in float32 if `x` is float16 or bfloat16.
        # TODO: mean and variance over the last axis, which stays as an axis of length 1; the variance divides
        #       by d_model.
        # TODO: normalize with eps under the root, scale and shift, and give the result the dtype of `x`.
        wide = _at_least_float32(x)
        centred = wide - wide.mean(dim=-1, keepdim=True)
        variance = centred.square().mean(dim=-1, keepdim=True)
        normal = centred / torch.sqrt(variance + self.eps)
        return (normal * self.weight + self.bias).to(x.dtype)


class RMSNorm(nn.Module):
    """Divides each position by its root mean square, then scales by `weight`. The mean is not subtracted.

    `weight` (ones), of shape `(d_model,)`, is the only parameter, and all that the state dict holds. `eps` is 1e-5
    unless given.

    >>> RMSNorm(2)(torch.tensor([[1.0, 7.0]])).detach()
    tensor([[0.2000, 1.4000]])
    """

    def __init__(self, d_model: int, eps: float = 1e-5) -> None:
        # TODO: call nn.Module's own __init__, keep `eps`, and make the parameter `weight` (ones).
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(d_model))

    def forward(self, x: Float[Tensor, "*shape d_model"]) -> Float[Tensor, "*shape d_model"]:
        """`x` with mean square 1 at each position, then multiplied by `weight`.

        `x` has any shape that ends in `d_model`, contiguous or not, and the result has the same shape. `eps` is added
        to the mean of the squares under the root. So zeros stay zeros, with finite gradients.

        The result has the dtype of `x`, which is that of the parameters. Sums of float16 and bfloat16 numbers are made
        in float32, those of float64 in float64. It runs on any device, `meta` too. Nothing is remembered from one call
        to the next, in `train` or in `eval`, and `x` is not changed.
        """
        # TODO: go on in float32 if `x` is float16 or bfloat16.
        # TODO: the mean of the squares over the last axis; eps is added to it, under the root.
        # TODO: divide, scale, and give the result the dtype of `x`.
        wide = _at_least_float32(x)
        mean_square = wide.square().mean(dim=-1, keepdim=True)
        return (wide / torch.sqrt(mean_square + self.eps) * self.weight).to(x.dtype)


def _at_least_float32(x: Tensor) -> Tensor:
    return x.float() if x.dtype in (torch.float16, torch.bfloat16) else x
