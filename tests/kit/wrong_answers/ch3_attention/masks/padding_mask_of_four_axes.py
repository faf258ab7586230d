"""`padding_mask` returns the shape (batch, 1, 1, max_len), with a heads axis that is not wanted here."""

import functools
import operator

import torch


def causal_mask(q_len, k_len=None, device=None):
    k_len = q_len if k_len is None else k_len
    i = torch.arange(q_len, device=device).unsqueeze(1)
    j = torch.arange(k_len, device=device).unsqueeze(0)
    return j <= i + (k_len - q_len)


def padding_mask(lengths, max_len):
    if not lengths.is_meta and lengths.numel() > 0:
        shortest, longest = lengths.min().item(), lengths.max().item()
        if shortest < 0:
            raise ValueError(f"negative length: {shortest}")
        if longest > max_len:
            raise ValueError(f"length {longest} is longer than max_len {max_len}")
    position_ids = torch.arange(max_len, device=lengths.device)
    attention_mask = position_ids[None, :] < lengths[:, None]
    # (batch, heads, query, key)
    return attention_mask[:, None, None, :]


def combine_masks(*masks):
    present = [m for m in masks if m is not None]
    if not present:
        return None
    if any(m.dim() == 4 for m in present):
        present = [m[:, None] if m.dim() == 3 else m for m in present]
    return functools.reduce(operator.and_, present)
