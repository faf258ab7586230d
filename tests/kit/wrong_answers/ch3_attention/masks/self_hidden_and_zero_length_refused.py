"""`causal_mask` hides each query's own position by comparing with `<`, and `padding_mask` refuses a length of 0."""

import torch
from torch import Tensor


def causal_mask(q_len: int, k_len: int | None = None, device=None) -> Tensor:
    if k_len is None:
        k_len = q_len
    key_pos = torch.arange(k_len, device=device)
    query_pos = torch.arange(q_len, device=device) + k_len - q_len
    return key_pos.unsqueeze(0) < query_pos.unsqueeze(1)


def padding_mask(lengths: Tensor, max_len: int) -> Tensor:
    if not lengths.is_meta:
        for length in lengths.tolist():
            if length <= 0 or length > max_len:
                raise ValueError(f"length {length} must be positive and at most {max_len}")
    key_pos = torch.arange(max_len, device=lengths.device)
    return torch.lt(key_pos, lengths.unsqueeze(-1)).unsqueeze(-2)


def combine_masks(*masks: Tensor | None) -> Tensor | None:
    masks = tuple(m for m in masks if m is not None)
    if len(masks) == 0:
        return None
    if any(m.dim() == 4 for m in masks):
        masks = tuple(m.unsqueeze(1) if m.dim() == 3 else m for m in masks)
    combined, *rest = masks
    for m in rest:
        combined = combined.logical_and(m)
    return combined
