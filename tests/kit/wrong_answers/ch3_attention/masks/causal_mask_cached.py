"""`causal_mask` returns one cached tensor for equal arguments, so what a caller writes into it is there in the next
call."""

from functools import lru_cache

import torch


@lru_cache(maxsize=32)
def _build(q_len, k_len, device):
    queries = torch.arange(k_len - q_len, k_len, device=device)
    keys = torch.arange(k_len, device=device)
    return keys[None, :] <= queries[:, None]


def causal_mask(q_len, k_len=None, device=None):
    return _build(q_len, q_len if k_len is None else k_len, device)


def padding_mask(lengths, max_len):
    if lengths.device.type != "meta":
        for n in lengths.tolist():
            if n < 0 or n > max_len:
                raise ValueError(f"length {n} does not fit into max_len={max_len}")
    keys = torch.arange(max_len, device=lengths.device)
    return (keys[None, :] < lengths[:, None])[:, None, :]


def combine_masks(*masks):
    present = [m for m in masks if m is not None]
    if len(present) == 0:
        return None
    if any(m.ndim == 4 for m in present):
        present = [m.unsqueeze(1) if m.ndim == 3 else m for m in present]
    combined = present[0]
    for m in present[1:]:
        combined = torch.logical_and(combined, m)
    return combined
