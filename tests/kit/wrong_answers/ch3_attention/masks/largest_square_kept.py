"""Cuts causal masks out of the upper left corner of one large buffer, so the last query is not at the last key."""

import torch

_TRIANGLE = torch.tril(torch.ones(64, 64)).bool()


def causal_mask(q_len, k_len=None, device=None):
    k_len = q_len if k_len is None else k_len
    return _TRIANGLE[:q_len, :k_len].to(device or "cpu")


def padding_mask(lengths, max_len):
    if not lengths.is_meta:
        for length in lengths.tolist():
            if length > max_len or length < 0:
                raise ValueError(f"bad length {length}")
    return (torch.arange(max_len, device=lengths.device)[None] < lengths[:, None])[:, None]


def combine_masks(*masks):
    masks = [mask for mask in masks if mask is not None]
    if any(mask.dim() == 4 for mask in masks):
        masks = [mask[:, None] if mask.dim() == 3 else mask for mask in masks]
    return torch.stack(torch.broadcast_tensors(*masks)).all(0) if masks else None
