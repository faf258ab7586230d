"""Every mask as a comparison of places, joined by functools.reduce."""

import functools

import torch


def causal_mask(q_len, k_len=None, device=None):
    if k_len is None:
        k_len = q_len
    queries = torch.arange(k_len - q_len, k_len, device=device)
    keys = torch.arange(k_len, device=device)
    return queries.unsqueeze(1) >= keys.unsqueeze(0)


def padding_mask(lengths, max_len):
    if not lengths.is_meta and len(lengths):
        for bad in (lengths.min().item(), lengths.max().item()):
            if bad < 0 or bad > max_len:
                raise ValueError(f"length {bad} must be from 0 to {max_len}")
    places = torch.arange(max_len, device=lengths.device)
    return lengths.reshape(-1, 1, 1) > places.reshape(1, 1, -1)


def combine_masks(*masks):
    masks = [m for m in masks if m is not None]
    if any(m.ndim == 4 for m in masks):
        masks = [m[:, None] if m.ndim == 3 else m for m in masks]
    return functools.reduce(torch.logical_and, masks) if masks else None
