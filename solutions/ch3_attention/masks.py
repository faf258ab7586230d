"""# Masks: who may look at whom

**How can a model learn at all positions of a text at once, without seeing the answers?** Without the causal mask
position `i` attends to token `i + 1`, the very token that it is to predict, and copies it.

A mask is a boolean tensor in which **True means "this query may attend to this key"**. Two of them do nearly all
the work.

With the *causal* mask position `i` sees the positions up to `i`, itself included. When there are fewer queries than
keys, as when new tokens follow a stored past, the queries are the *last* positions: the last query stands at the last
key. So query `i` is at position `i + k_len - q_len`.

The *padding* mask hides the filler behind the short sequences of a batch. Every query of a sequence sees the same
keys, so its query axis is 1 and broadcasts.

Masks combine with "and": a query must be allowed by all of them.

| name | shape |
|---|---|
| `causal_mask(q_len, k_len)` | `(q_len, k_len)` |
| `padding_mask(lengths, max_len)` | `(batch, 1, max_len)` |
| a mask with heads | `(batch, heads, q_len, k_len)`, each axis but the last may be 1 |

By hand: `causal_mask(2, 3)` is `[[True, True, False], [True, True, True]]`, and `padding_mask([1, 3], 3)` is
`[[[True, False, False]], [[True, True, True]]]`.

Not to be used in this chapter: `F.scaled_dot_product_attention`, `nn.MultiheadAttention` and `nn.Transformer*`
(so neither `nn.Transformer.generate_square_subsequent_mask`).

Source: Vaswani and others, *Attention Is All You Need* (2017), section 3.2.3.
"""

import functools

import torch
from jaxtyping import Bool, Int
from torch import Tensor


def causal_mask(
    q_len: int, k_len: int | None = None, device: torch.device | str | None = None
) -> Bool[Tensor, "q_len k_len"]:
    """True where the key is not later than the query; the last query stands at the last key.

    There is a row for each query and a column for each key, however many, and at least one of both. Without `k_len`
    there are as many keys as queries. With `q_len > k_len` the first queries see nothing. The mask is made on `device`,
    where one is given. It is new in each call, so the caller may write into it.

    >>> causal_mask(2, 3)
    tensor([[ True,  True, False],
            [ True,  True,  True]])
    """
    # TODO: query i stands at position i + k_len - q_len and sees the keys up to that position.
    # TODO: make the mask on `device`.
    k_len = q_len if k_len is None else k_len
    return torch.ones(q_len, k_len, dtype=torch.bool, device=device).tril(k_len - q_len)


def padding_mask(lengths: Int[Tensor, "batch"], max_len: int) -> Bool[Tensor, "batch 1 max_len"]:
    """True for the first `lengths[b]` keys of sequence `b`. The query axis in the middle is 1.

    `lengths` has the dtype int64. A length of 0 hides every key. Lengths below 0 or above `max_len` raise a
    `ValueError` that names one of them. The mask is on the device of `lengths`, which may be meta: there are no values
    there, so none can be refused. It is new in each call, so the caller may write into it.

    >>> padding_mask(torch.tensor([1, 3]), max_len=3)
    tensor([[[ True, False, False]],
    <BLANKLINE>
            [[ True,  True,  True]]])
    """
    # TODO: reject lengths below 0 or above `max_len`, unless `lengths` is on the meta device (`lengths.is_meta`).
    # TODO: compare the positions 0 to max_len - 1 with each length, and give the result its query axis.
    for length in [] if lengths.is_meta else lengths.tolist():
        if not 0 <= length <= max_len:
            raise ValueError(f"a length of {length} is not between 0 and max_len = {max_len}")
    return (torch.arange(max_len, device=lengths.device) < lengths[:, None]).unsqueeze(1)


def combine_masks(*masks: Bool[Tensor, "*broadcast q_len k_len"] | None) -> Bool[Tensor, "*all"] | None:
    """True where every mask is True. None stands for "no mask": it is skipped, and None is left when all are None.

    The masks broadcast against each other. Beside a mask with a heads axis (4 axes), a mask of 3 axes
    `(batch, q_len or 1, k_len)` gets a heads axis of 1 first, and so serves all heads of its own sequence. There may be
    any number of masks, also none. No mask that is passed in is changed.

    >>> combine_masks(causal_mask(2), None, padding_mask(torch.tensor([1]), 2))
    tensor([[[ True, False],
             [ True, False]]])
    """
    # TODO: leave out the Nones, and return None when nothing is left.
    # TODO: where a mask has 4 axes, give each mask of 3 axes its heads axis at place 1.
    # TODO: join what is left with &.
    given = [mask for mask in masks if mask is not None]
    if any(mask.dim() == 4 for mask in given):
        given = [mask.unsqueeze(1) if mask.dim() == 3 else mask for mask in given]
    return functools.reduce(torch.logical_and, given) if given else None
