"""Blocks as long as the window: each block of queries sees its own block of keys and the one before."""

import torch
import torch.nn.functional as F

from ch3_attention.scaled_dot_product import scaled_dot_product_attention


def sliding_window_mask(length, window, device=None):
    if window < 1:
        raise ValueError(f"{window} is not a window")
    mask = torch.zeros(length, length, dtype=torch.bool, device=device)
    for back in range(min(window, length)):
        mask.diagonal(-back).fill_(True)
    return mask


def strided_mask(length, stride, device=None):
    if stride < 1:
        raise ValueError(f"{stride} is not a stride")
    mask = torch.zeros(length, length, dtype=torch.bool, device=device)
    for back in range(0, length, stride):
        mask.diagonal(-back).fill_(True)
    return mask


def sliding_window_attention(q, k, v, window):
    if window < 1:
        raise ValueError(f"{window} is not a window")
    length = q.size(-2)
    blocks = -(-length // window)
    behind = blocks * window - length

    def pair_up(x):
        own = F.pad(x, (0, 0, window, behind)).unflatten(-2, (blocks + 1, window))
        return torch.cat([own[..., :-1, :, :], own[..., 1:, :, :]], dim=-2)

    queries = F.pad(q, (0, 0, 0, behind)).unflatten(-2, (blocks, window))
    query = torch.arange(window, device=q.device)[:, None] + window
    key = torch.arange(2 * window, device=q.device)
    near = (key <= query) & (key > query - window)
    real = torch.arange(blocks, device=q.device)[:, None] * window + key >= window
    output, _ = scaled_dot_product_attention(queries, pair_up(k), pair_up(v), near & real[:, None])
    return output.flatten(-3, -2)[..., :length, :]
