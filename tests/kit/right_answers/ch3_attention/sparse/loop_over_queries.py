"""One slice of the keys for each query, and masks from triangles."""

import torch

from ch3_attention.scaled_dot_product import scaled_dot_product_attention


def sliding_window_mask(length, window, device=None):
    if window <= 0:
        raise ValueError(f"window = {window}")
    return torch.ones(length, length, dtype=torch.bool, device=device).tril().triu(1 - window)


def strided_mask(length, stride, device=None):
    if stride <= 0:
        raise ValueError(f"stride = {stride}")
    i = torch.arange(length, device=device).reshape(-1, 1)
    j = torch.arange(length, device=device).reshape(1, -1)
    return torch.logical_and(i >= j, torch.remainder(i, stride) == torch.remainder(j, stride))


def sliding_window_attention(q, k, v, window):
    if window <= 0:
        raise ValueError(f"window = {window}")
    rows = []
    for i in range(q.size(-2)):
        seen = slice(max(0, i - window + 1), i + 1)
        rows.append(scaled_dot_product_attention(q[..., i : i + 1, :], k[..., seen, :], v[..., seen, :])[0])
    return torch.cat(rows, dim=-2)
