"""`sliding_window_attention` does not divide by the root of d_k and `sliding_window_mask` ignores `device`."""

import torch

from ch3_attention.softmax import softmax


def sliding_window_mask(length, window, device=None):
    if window < 1:
        raise ValueError(f"window must be >= 1, not {window}")
    pos = torch.arange(length)
    rel = pos[:, None] - pos[None, :]
    return (rel >= 0) & (rel < window)


def strided_mask(length, stride, device=None):
    if stride < 1:
        raise ValueError(f"stride must be >= 1, not {stride}")
    pos = torch.arange(length, device=device)
    rel = pos[:, None] - pos[None, :]
    return (rel >= 0) & (rel % stride == 0)


def sliding_window_attention(q, k, v, window):
    if window < 1:
        raise ValueError(f"window must be >= 1, not {window}")
    T = q.shape[-2]
    W = min(window, T)
    # idx[t] = the W positions up to t; those before the start are masked below
    idx = torch.arange(T, device=q.device)[:, None] + torch.arange(1 - W, 1, device=q.device)[None, :]
    before_start = idx < 0
    idx = idx.clamp(min=0)

    k_win = k[..., idx, :]
    v_win = v[..., idx, :]
    att = (q.unsqueeze(-2) @ k_win.transpose(-2, -1)).squeeze(-2)
    att = att.masked_fill(before_start, float("-inf"))
    att = softmax(att, dim=-1)
    return (att.unsqueeze(-2) @ v_win).squeeze(-2)
