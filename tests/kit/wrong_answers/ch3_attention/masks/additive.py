"""Masks of numbers, 0 where a query may look and -inf where it may not, which are added to each other."""

import torch


def causal_mask(q_len, k_len=None, device=None):
    k_len = q_len if k_len is None else k_len
    return torch.full((q_len, k_len), float("-inf"), device=device).triu(k_len - q_len + 1)


def padding_mask(lengths, max_len):
    places = torch.arange(max_len, device=lengths.device)
    return torch.zeros(len(lengths), 1, max_len).masked_fill((places >= lengths[:, None])[:, None], float("-inf"))


def combine_masks(*masks):
    total = None
    for mask in masks:
        if mask is not None:
            total = mask if total is None else total + mask
    return total
