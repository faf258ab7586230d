"""# GELU and the feed-forward network

**What does a block do besides moving information from position to position?** It computes with what attention
brought, by a function that is not linear. Without that function `down(up(x))` is one matrix: with `d_ff = 4 · d_model`,
8 · d_model² weights can do no more than d_model² of them.

Attention mixes positions. The feed-forward network then works on each position **on its own**, with the same weights
everywhere. It goes up to a wider layer (`d_ff`, four times `d_model` in 2017), through the activation, and down again:

    FFN(x) = down(activation(up(x)))

The 2017 Transformer had ReLU there. GPT and BERT have *GELU*, `x · Φ(x)`, where Φ(x) is the probability that a
standard normal number is below x: each input is let through by its share of smaller ones. There are two forms:

    exact:   gelu(x)      = x · ½ · (1 + erf(x / √2))
    by tanh: gelu_tanh(x) = x · ½ · (1 + tanh(√(2/π) · (x + 0.044715 · x³)))

The second was quicker once, and GPT-2's published weights were trained with it. They differ by at most 0.0005,
which is enough to make a loaded model's numbers differ from the published ones.

*SwiGLU* (LLaMA) has two ways up: `gate` goes through SiLU, `silu(x) = x · sigmoid(x)`, and decides how much of
`up` passes. Its three projections have no bias:

    SwiGLU(x) = down(silu(gate(x)) * up(x))

| name | shape |
|---|---|
| `x` | any shape that ends in `d_model` |
| `up.weight`, `gate.weight` | `(d_ff, d_model)` |
| `down.weight` | `(d_model, d_ff)` |
| result | the shape of `x` |

By hand: `gelu(1) = Φ(1) ≈ 0.8413`, `gelu(-1) = -(1 - 0.8413) = -0.1587`, `gelu_tanh(1) ≈ 0.8412`.

Not to be used here: `F.gelu` and `nn.GELU`, which are half of this exercise.

Sources: Vaswani et al., *Attention Is All You Need*, 2017, section 3.3, equation 2; Hendrycks and Gimpel,
*Gaussian Error Linear Units*, 2016, section 2; Shazeer, *GLU Variants Improve Transformer*, 2020, equation 6.
"""

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn


def gelu(x: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """The exact GELU: each number times the share of a standard normal distribution below it.

    `x` has any shape and any floating dtype, and so has the result. Finite numbers far above 0 pass unchanged, and
    those far below 0 become 0. `x` is not changed.

    >>> gelu(torch.tensor([-1.0, 0.0, 1.0]))
    tensor([-0.1587,  0.0000,  0.8413])
    """
    # TODO: x times Φ(x); Φ by torch.erf.
    raise NotImplementedError


def gelu_tanh(x: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """GELU with Φ approximated by a tanh, as in GPT-2: `x · ½ · (1 + tanh(√(2/π) · (x + 0.044715 · x³)))`.

    `x` has any shape and any floating dtype, and so has the result. Finite numbers far above 0 pass unchanged, and
    those far below 0 become 0. `x` is not changed.

    >>> gelu_tanh(torch.tensor([-1.0, 0.0, 1.0]))
    tensor([-0.1588,  0.0000,  0.8412])
    """
    # TODO: the formula, with the factor √(2/π) and the cube of x.
    raise NotImplementedError


class FeedForward(nn.Module):
    """Up to `d_ff`, through the activation, down to `d_model`, at each position on its own.

    `up` and `down` are `nn.Linear` with bias, and hold all parameters. `activation` is any function from a tensor to
    one of the same shape, `gelu_tanh` or `torch.relu`; unless given, it is `gelu`.

    >>> FeedForward(4, 16)(torch.zeros(2, 3, 4)).shape
    torch.Size([2, 3, 4])
    """

    def __init__(self, d_model: int, d_ff: int, activation: Callable[[Tensor], Tensor] = gelu) -> None:
        # TODO: call nn.Module's own __init__, make `up` and `down`, and keep the activation.
        raise NotImplementedError

    def forward(self, x: Float[Tensor, "*shape d_model"]) -> Float[Tensor, "*shape d_model"]:
        """`down(activation(up(x)))` for an `x` of any shape that ends in `d_model`, which the result has too.

        `x` need not be contiguous, and is not changed. There is no dropout, and a call knows nothing of earlier calls.
        It runs in any floating dtype and on any device, `meta` too.
        """
        # TODO: up, activation, down.
        raise NotImplementedError


class SwiGLU(nn.Module):
    """The gated feed-forward network of LLaMA: `down(silu(gate(x)) * up(x))`.

    `gate`, `up` and `down` are `nn.Linear` without bias, and hold all parameters. `gate` and `up` are `d_ff` wide.

    >>> SwiGLU(4, 16)(torch.zeros(2, 3, 4)).shape
    torch.Size([2, 3, 4])
    """

    def __init__(self, d_model: int, d_ff: int) -> None:
        # TODO: call nn.Module's own __init__ and make `gate`, `up` (both d_model to d_ff) and `down`, without bias.
        raise NotImplementedError

    def forward(self, x: Float[Tensor, "*shape d_model"]) -> Float[Tensor, "*shape d_model"]:
        """The gate goes through SiLU (`F.silu`), is multiplied by `up`, and the product goes down.

        `x` has any shape that ends in `d_model`, which the result has too, each position on its own. `x` need not be
        contiguous, and is not changed. There is no dropout, and a call knows nothing of earlier calls. It runs in any
        floating dtype and on any device, `meta` too.
        """
        # TODO: silu of the gate, times up, then down.
        raise NotImplementedError
