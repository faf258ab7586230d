"""`padding_mask` compares with `<=`, so the first filler key of each sequence can be seen."""

import torch
from torch import Tensor


def causal_mask(q_len: int, k_len: int | None = None, device: torch.device | str | None = None) -> Tensor:
    """Lower triangle, shifted so that the last row is full."""
    if k_len is None:
        k_len = q_len
    blocked = torch.triu(torch.ones(q_len, k_len, device=device), diagonal=k_len - q_len + 1)
    return blocked == 0


def padding_mask(lengths: Tensor, max_len: int) -> Tensor:
    """(batch,) -> (batch, 1, max_len)"""
    if not lengths.is_meta:
        for length in lengths:
            if length < 0 or length > max_len:
                raise ValueError(f"invalid length {int(length)}, max_len is {max_len}")
    idx = torch.arange(max_len, device=lengths.device)
    mask = idx.unsqueeze(0) <= lengths.unsqueeze(1)
    return mask.unsqueeze(1)


def _add_heads_axis(mask: Tensor) -> Tensor:
    return mask.unsqueeze(1) if mask.dim() == 3 else mask


def combine_masks(*masks: Tensor | None) -> Tensor | None:
    """Logical and of all the masks that are there."""
    kept = list(filter(lambda m: m is not None, masks))
    if not kept:
        return None
    if 4 in [m.dim() for m in kept]:
        kept = [_add_heads_axis(m) for m in kept]
    out = kept.pop(0)
    while kept:
        out = out & kept.pop(0)
    return out
