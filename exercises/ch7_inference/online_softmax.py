"""# Softmax and attention in blocks

**Can attention be exact without ever holding all its scores?** The scores of one head over 32,768 tokens are 1.07
billion numbers, 4.3 GB in float32.

The softmax of a row seems to need the whole row first: its maximum, then its sum. It does not. Read the row in blocks
and keep two numbers, the largest value so far, m, and the sum of `exp(value - m)` so far. When a block brings a larger
value m', the old sum was taken against the wrong maximum, but one factor mends it:

    sum' = sum · exp(m - m') + Σ exp(block - m')

Attention can be read in the same way. Keep a third thing, the sum of `exp(score - m) · v`, mend it by the same
factor, and divide once at the end. The matrix of scores is then made a few columns at a time and thrown away. The
result is exact, and memory grows with `q_len × block`, not with `q_len × k_len`. FlashAttention is this, arranged for
a GPU.

| name | shape |
|---|---|
| `x` | `(..., n)` |
| `q` | `(..., q_len, d_head)` |
| `k`, `v` | `(..., k_len, d_head)`, `(..., k_len, d_v)` |
| result of `blockwise_attention` | `(..., q_len, d_v)` |

By hand: the row `[1, 3]` in blocks of 1. After 1: m = 1, sum = 1. Then 3 comes: m' = 3, sum' = 1 · e⁻² + 1 = 1.135.
The softmax is `[e⁻² / 1.135, 1 / 1.135] = [0.119, 0.881]`.

Not to be used here: `F.scaled_dot_product_attention`, which does this in one call.

Source: Milakov and Gimelshein, *Online normalizer calculation for softmax* (2018), algorithm 3; Dao, Fu, Ermon, Rudra
and Ré, *FlashAttention* (2022), section 3.1.
"""

import math
from collections.abc import Iterable

import torch
from jaxtyping import Float
from torch import Tensor


def online_normalizer(
    blocks: Iterable[Float[Tensor, "*batch block"]],
) -> tuple[Float[Tensor, "*batch 1"], Float[Tensor, "*batch 1"]]:
    """The maximum of each row and the sum of `exp(value - maximum)`, from blocks that arrive one after the other.

    `blocks` is read once, from front to back; at least one block comes, each of at least one column, and they may
    differ in length. Nothing larger than a block is made. Values of ±1e4 do no harm. Entries of -inf add nothing: a row
    of -inf alone has the maximum -inf and the sum 0. Half precision is summed up in float32 (ten thousand ones added up
    in bfloat16 end at 256), and the two results may stay in float32.

    >>> maximum, total = online_normalizer([torch.tensor([[1.0]]), torch.tensor([[3.0]])])
    >>> maximum.item(), round(total.item(), 3)
    (3.0, 1.135)
    """
    # TODO: start from the maximum -inf and the sum 0.
    # TODO: for each block (as float32 where it is half precision): the new maximum, the old sum mended by
    #       exp(old - new), the block's own terms added.
    # TODO: mind rows that have seen only -inf.
    raise NotImplementedError


def online_softmax(x: Float[Tensor, "*batch n"], block: int) -> Float[Tensor, "*batch n"]:
    """The softmax over the last axis, from the normalizer of blocks of `block` columns (the last may be shorter).

    Equal to the softmax in one go, for every `block`, any number of axes and any layout in memory, also for values of
    ±1e4. Entries of -inf get no weight, and a row of -inf gives zeros. The result has the dtype of `x`; half precision
    is summed up in float32. A block below 1 raises a `ValueError` that names it.

    >>> online_softmax(torch.tensor([1.0, 3.0]), block=1)
    tensor([0.1192, 0.8808])
    """
    # TODO: refuse a block below 1.
    # TODO: first pass, the normalizer of the blocks; second pass, exp(x - maximum) / sum.
    # TODO: mind rows of -inf: their maximum and their sum cannot be used as they are.
    raise NotImplementedError


def blockwise_attention(
    q: Float[Tensor, "*batch q_len d_head"],
    k: Float[Tensor, "*batch k_len d_head"],
    v: Float[Tensor, "*batch k_len d_v"],
    block: int,
    causal: bool,
) -> Float[Tensor, "*batch q_len d_v"]:
    """`softmax(q kᵀ / √d_head) v`, from blocks of `block` keys, without ever holding all scores.

    Exact for every `block`, whether the scores grow or fall from block to block, and for scores in the thousands. No
    tensor is made that grows with `q_len × k_len`. With `causal`, query i sees the keys up to `i + k_len - q_len`,
    so that the last query sees the last key. A query that sees no key (q_len > k_len) gets zeros. Any axes may stand
    before the last two, or none, and `q`, `k` and `v` may lie in memory in any order. The result has the dtype of
    `q`; half precision is summed up in float32. A block below 1 raises a `ValueError` that names it.

    >>> q = k = v = torch.randn(2, 5, 4)
    >>> blockwise_attention(q, k, v, block=2, causal=True).shape
    torch.Size([2, 5, 4])
    """
    # TODO: refuse a block below 1.
    # TODO: start from maximum -inf, sum 0 and mixed values 0 for every query, in float32 where q is half precision.
    # TODO: for each block of keys: its scores, -inf where the causal mask says so, the new maximum,
    #       and both sums mended by exp(old - new) before the block's terms are added.
    # TODO: divide once, at the end; queries that saw nothing get zeros.
    raise NotImplementedError
