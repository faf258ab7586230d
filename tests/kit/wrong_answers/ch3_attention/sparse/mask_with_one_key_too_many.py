"""`sliding_window_mask` keeps `window` keys before the query besides its own, which is one too many."""

import torch
import torch.nn.functional as F

from ch3_attention.scaled_dot_product import scaled_dot_product_attention


def sliding_window_mask(length, window, device=None):
    if window < 1:
        raise ValueError(f"window must be at least 1, got {window}")
    i = torch.arange(length, device=device).view(-1, 1)
    j = torch.arange(length, device=device).view(1, -1)
    return (j <= i) & (i - j <= window)


def strided_mask(length, stride, device=None):
    if stride < 1:
        raise ValueError(f"stride must be at least 1, got {stride}")
    i = torch.arange(length, device=device).view(-1, 1)
    j = torch.arange(length, device=device).view(1, -1)
    return (j <= i) & ((i - j) % stride == 0)


def sliding_window_attention(q, k, v, window):
    if window < 1:
        raise ValueError(f"window must be at least 1, got {window}")
    seq = q.shape[-2]
    window = min(window, seq)
    k_pad = F.pad(k, (0, 0, window - 1, 0))
    v_pad = F.pad(v, (0, 0, window - 1, 0))
    k_win = k_pad.unfold(-2, window, 1).mT  # (..., seq, window, d_k)
    v_win = v_pad.unfold(-2, window, 1).mT  # (..., seq, window, d_v)

    # slot s of query t is the key t - window + 1 + s
    t = torch.arange(seq, device=q.device)[:, None]
    s = torch.arange(window, device=q.device)[None, :]
    real = (t - window + 1 + s) >= 0
    out, _ = scaled_dot_product_attention(q[..., None, :], k_win, v_win, mask=real[:, None, :])
    return out[..., 0, :]
