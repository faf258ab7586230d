"""The sequence is cut into blocks as long as the window, and each query sees its own block alone."""

import torch
import torch.nn.functional as F

from ch3_attention.scaled_dot_product import scaled_dot_product_attention


def _places(length, device):
    place = torch.arange(length, device=device)
    return place[:, None], place[None, :]


def sliding_window_mask(length, window, device=None):
    if window < 1:
        raise ValueError(f"window {window}")
    query, key = _places(length, device)
    return (key <= query) & (query // window == key // window)


def strided_mask(length, stride, device=None):
    if stride < 1:
        raise ValueError(f"stride {stride}")
    query, key = _places(length, device)
    return (key <= query) & ((query - key) % stride == 0)


def sliding_window_attention(q, k, v, window):
    if window < 1:
        raise ValueError(f"window {window}")
    length = q.size(-2)
    behind = -length % window
    q, k, v = (F.pad(x, (0, 0, 0, behind)).unflatten(-2, (-1, window)) for x in (q, k, v))
    causal = torch.ones(window, window, dtype=torch.bool, device=q.device).tril()
    return scaled_dot_product_attention(q, k, v, causal)[0].flatten(-3, -2)[..., :length, :]
