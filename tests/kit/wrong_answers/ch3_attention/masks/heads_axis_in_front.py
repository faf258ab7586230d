"""`combine_masks` puts the heads axis of a 3-axis mask at place 0, so its batch axis stands where the heads belong."""

from functools import reduce

import torch
from torch import Tensor


def causal_mask(q_len: int, k_len: int | None = None, device: torch.device | str | None = None) -> Tensor:
    n_keys = q_len if k_len is None else k_len
    full = torch.full((q_len, n_keys), True, device=device)
    return full.tril(diagonal=n_keys - q_len)


def padding_mask(lengths: Tensor, max_len: int) -> Tensor:
    if not lengths.is_meta:
        for b, n in enumerate(lengths.tolist()):
            if not 0 <= n <= max_len:
                raise ValueError(f"sequence {b} has length {n}, allowed is 0 to {max_len}")
    return torch.arange(max_len, device=lengths.device)[None, None, :] < lengths[:, None, None]


def combine_masks(*masks: Tensor | None) -> Tensor | None:
    real = [m for m in masks if m is not None]
    if not real:
        return None
    ndim = max(m.ndim for m in real)
    if ndim == 4:
        real = [m[None] if m.ndim == 3 else m for m in real]
    return reduce(lambda a, b: a & b, real)
