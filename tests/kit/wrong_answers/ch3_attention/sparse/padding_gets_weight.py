"""`sliding_window_attention` does not mask the rows of padding, so they get weight in the first queries."""

import torch
from torch.nn import functional as F

from ch3_attention.scaled_dot_product import scaled_dot_product_attention


def sliding_window_mask(length, window, device=None):
    if window < 1:
        raise ValueError(f"window size must be >= 1 (got {window})")
    q_pos = torch.arange(length, device=device)[:, None]
    k_pos = torch.arange(length, device=device)[None, :]
    return (k_pos <= q_pos) & (k_pos > q_pos - window)


def strided_mask(length, stride, device=None):
    if stride < 1:
        raise ValueError(f"stride must be >= 1 (got {stride})")
    q_pos = torch.arange(length, device=device)[:, None]
    k_pos = torch.arange(length, device=device)[None, :]
    return (k_pos <= q_pos) & ((q_pos - k_pos) % stride == 0)


def sliding_window_attention(q, k, v, window):
    if window < 1:
        raise ValueError(f"window size must be >= 1 (got {window})")
    window = min(window, q.shape[-2])
    k = F.pad(k, (0, 0, window - 1, 0))
    v = F.pad(v, (0, 0, window - 1, 0))
    k = k.unfold(dimension=-2, size=window, step=1).transpose(-2, -1)
    v = v.unfold(dimension=-2, size=window, step=1).transpose(-2, -1)
    # one query for each window
    out, _ = scaled_dot_product_attention(q.unsqueeze(-2), k, v)
    return out.squeeze(-2)
