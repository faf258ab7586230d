"""`sliding_window_attention` makes all seq * seq scores and masks them, and `strided_mask` lets in later keys."""

import torch

from ch3_attention.scaled_dot_product import scaled_dot_product_attention


def sliding_window_mask(length, window, device=None):
    if window < 1:
        raise ValueError(f"window has to be 1 or larger: {window}")
    rows = torch.arange(length, device=device).reshape(length, 1)
    cols = torch.arange(length, device=device).reshape(1, length)
    not_in_future = cols <= rows
    not_too_old = cols > rows - window
    return not_in_future & not_too_old


def strided_mask(length, stride, device=None):
    if stride < 1:
        raise ValueError(f"stride has to be 1 or larger: {stride}")
    rows = torch.arange(length, device=device).reshape(length, 1)
    cols = torch.arange(length, device=device).reshape(1, length)
    return (rows - cols) % stride == 0


def sliding_window_attention(q, k, v, window):
    mask = sliding_window_mask(q.shape[-2], window, device=q.device)
    out, _ = scaled_dot_product_attention(q, k, v, mask)
    return out
