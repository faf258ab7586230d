"""# Sparse attention: not every pair

**Must every token look at every other?** Full attention over 100,000 tokens makes 10 billion scores in each head of
each layer. With a window of 512 it is 51 million.

Full attention compares every query with every key, so twice the length costs four times the work. Sparse attention
leaves pairs out that hardly matter.

A *sliding window* keeps the last `window` keys of each query, its own among them. A *strided* pattern keeps every
`stride`-th key back from the query, so that far positions are reached in few steps. Both here are causal.

Masking saves nothing: the scores are made and thrown away. The saving comes when the other scores are never made.
`sliding_window_attention` gathers, for each query, only the keys of its window, and so does `seq · window` work.

| name | shape |
|---|---|
| `sliding_window_mask`, `strided_mask` | `(length, length)`; True means "may attend" |
| `q`, `k` | `(..., seq, d_k)` |
| `v` | `(..., seq, d_v)` |
| the keys of all windows | `(..., seq, window, d_k)` |
| output | `(..., seq, d_v)` |

By hand: in `sliding_window_mask(4, 2)` query 3 sees the keys 2 and 3; in `strided_mask(4, 2)` it sees 1 and 3.

Not to be used in this chapter: `F.scaled_dot_product_attention`, `nn.MultiheadAttention` and `nn.Transformer*`.

Source: Child and others, *Generating Long Sequences with Sparse Transformers* (2019), section 4.3; Beltagy, Peters
and Cohan, *Longformer: The Long-Document Transformer* (2020), section 3.1.
"""

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor

from ch3_attention.scaled_dot_product import scaled_dot_product_attention


def sliding_window_mask(
    length: int, window: int, device: torch.device | str | None = None
) -> Bool[Tensor, "length length"]:
    """True for the last `window` keys up to the query, its own key counted.

    A window below 1 raises a `ValueError` that names it. One longer than the sequence gives the causal mask. The mask
    is made on `device`, where one is given, and depends on the arguments alone, not on earlier calls. It is new in each
    call, so the caller may write into it.

    >>> sliding_window_mask(3, 2)
    tensor([[ True, False, False],
            [ True,  True, False],
            [False,  True,  True]])
    """
    # TODO: reject a window below 1.
    # TODO: work with the distance query - key: which distances are inside?
    raise NotImplementedError


def strided_mask(length: int, stride: int, device: torch.device | str | None = None) -> Bool[Tensor, "length length"]:
    """True for the keys up to the query whose distance from it is divisible by `stride`.

    A stride below 1 raises a `ValueError` that names it. A stride of 1 gives the causal mask. The mask is made on
    `device`, where one is given, and depends on the arguments alone, not on earlier calls. It is new in each call, so
    the caller may write into it.

    >>> strided_mask(3, 2)
    tensor([[ True, False, False],
            [False,  True, False],
            [ True, False,  True]])
    """
    # TODO: reject a stride below 1.
    # TODO: keep the distances that are not negative and divisible by the stride.
    raise NotImplementedError


def sliding_window_attention(
    q: Float[Tensor, "*batch seq d_k"],
    k: Float[Tensor, "*batch seq d_k"],
    v: Float[Tensor, "*batch seq d_v"],
    window: int,
) -> Float[Tensor, "*batch seq d_v"]:
    """What attention under `sliding_window_mask` gives, with work that grows as `seq · window`.

    No tensor of `seq · seq` elements is made on the way, and twice the length costs twice the operations and twice the
    memory for the backward pass.

    `q`, `k` and `v` have the same leading axes, any number of them, also none; `v` may have another width, and none
    need be contiguous. A window longer than the sequence gives full causal attention. One below 1 raises a `ValueError`
    that names it. Scores in the thousands or millions give no NaN, and nothing before the first key gets weight. The
    output has the dtype of the arguments. It runs on any device, `meta` too. The arguments are not changed, and nothing
    is kept from one call to the next.

    >>> q = k = torch.zeros(3, 1)
    >>> sliding_window_attention(q, k, torch.tensor([[2.0], [4.0], [8.0]]), window=2).flatten()
    tensor([2., 3., 6.])
    """
    # TODO: reject a window below 1, and cut one that is longer than the sequence.
    # TODO: put window - 1 rows of padding before k and v, so that every query has a full window.
    # TODO: gather each query's window of keys and values (Tensor.unfold does it without copying).
    # TODO: mask what stands before the sequence, and attend with one query per window.
    raise NotImplementedError
