"""`causal_mask` keeps the diagonal at the first key, so with more keys than queries the last query misses the last
keys."""

import torch
from torch import Tensor


def causal_mask(q_len: int, k_len: int | None = None, device=None) -> Tensor:
    if k_len is None:
        k_len = q_len
    return torch.tril(torch.ones((q_len, k_len), dtype=torch.bool, device=device))


def padding_mask(lengths: Tensor, max_len: int) -> Tensor:
    if not lengths.is_meta:
        bad = lengths[(lengths < 0) | (lengths > max_len)]
        if len(bad) > 0:
            raise ValueError(f"length {bad[0].item()} is not in [0, {max_len}]")
    positions = torch.arange(max_len, device=lengths.device)
    return positions.view(1, 1, -1) < lengths.view(-1, 1, 1)


def combine_masks(*masks):
    masks = [m for m in masks if m is not None]
    if not masks:
        return None
    with_heads = max(m.dim() for m in masks) == 4
    result = None
    for m in masks:
        if with_heads and m.dim() == 3:
            m = m[:, None]
        result = m if result is None else result & m
    return result
