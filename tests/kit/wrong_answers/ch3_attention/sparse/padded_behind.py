"""`sliding_window_attention` puts the padding behind the keys, so each window starts at the query and looks ahead."""

import torch
import torch.nn.functional as F

from ch3_attention.scaled_dot_product import scaled_dot_product_attention


def _distance(length, device):
    r = torch.arange(length, device=device)
    return r.unsqueeze(1) - r.unsqueeze(0)


def sliding_window_mask(length, window, device=None):
    if window < 1:
        raise ValueError(f"window should be positive, not {window}")
    d = _distance(length, device)
    return torch.logical_and(d >= 0, d <= window - 1)


def strided_mask(length, stride, device=None):
    if stride < 1:
        raise ValueError(f"stride should be positive, not {stride}")
    d = _distance(length, device)
    return torch.logical_and(d >= 0, d % stride == 0)


def sliding_window_attention(q, k, v, window):
    if window < 1:
        raise ValueError(f"window should be positive, not {window}")
    L = q.size(-2)
    w = min(window, L)
    # w - 1 extra rows, so that there are L windows
    pad = (0, 0, 0, w - 1)
    kw = F.pad(k, pad).unfold(-2, w, 1).transpose(-1, -2)
    vw = F.pad(v, pad).unfold(-2, w, 1).transpose(-1, -2)
    # key s of window t is row t + s, which is real as long as it is below L
    inside = torch.arange(L, device=q.device)[:, None] + torch.arange(w, device=q.device) < L
    out, _ = scaled_dot_product_attention(q.unsqueeze(-2), kw, vw, inside.unsqueeze(-2))
    return out.squeeze(-2)
