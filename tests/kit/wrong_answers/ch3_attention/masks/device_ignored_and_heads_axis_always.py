"""`causal_mask` ignores `device`, and `combine_masks` gives every 3-axis mask a heads axis, also where no mask has four
axes."""

import torch


def causal_mask(q_len, k_len=None, device=None):
    """True on and below the diagonal that ends in the lower right corner."""
    if k_len is None:
        k_len = q_len
    offset = k_len - q_len
    rows = torch.arange(q_len)[:, None] + offset
    cols = torch.arange(k_len)[None, :]
    return rows >= cols


def padding_mask(lengths, max_len):
    """True for real tokens, False for filler."""
    if not lengths.is_meta:
        too_short = lengths < 0
        too_long = lengths > max_len
        if torch.any(too_short | too_long):
            culprit = lengths[too_short | too_long][0]
            raise ValueError(f"length {culprit.item()} must be between 0 and {max_len}")
    batch = lengths.shape[0]
    steps = torch.arange(max_len, device=lengths.device).repeat(batch, 1)
    return (steps < lengths.view(batch, 1)).view(batch, 1, max_len)


def combine_masks(*masks):
    """And of all masks, None if there are none."""
    total = None
    for m in masks:
        if m is None:
            continue
        if m.dim() == 3:
            m = m.unsqueeze(1)  # serve all heads
        total = m if total is None else total & m
    return total
