"""Keys and values gathered by index, scores by einsum, the softmax in float32; masks from a band of offsets."""

import torch


def _check(name, value):
    if value < 1:
        raise ValueError(f"{name} must be positive, not {value}")


def sliding_window_mask(length, window, device=None):
    _check("window", window)
    q = torch.arange(length, device=device).view(-1, 1)
    k = torch.arange(length, device=device).view(1, -1)
    return (k <= q).logical_and(k > q - window)


def strided_mask(length, stride, device=None):
    _check("stride", stride)
    rows = [[k <= q and (q - k) % stride == 0 for k in range(length)] for q in range(length)]
    return torch.tensor(rows, dtype=torch.bool, device=device).reshape(length, length)


def sliding_window_attention(q, k, v, window):
    _check("window", window)
    n = q.shape[-2]
    window = min(window, n)
    index = torch.arange(n, device=q.device)[:, None] - torch.arange(window, device=q.device)
    hidden = index < 0
    near_k, near_v = (x.index_select(-2, index.clamp(min=0).flatten()).unflatten(-2, index.shape) for x in (k, v))
    scores = torch.einsum("...qd,...qwd->...qw", q, near_k).mul(q.shape[-1] ** -0.5)
    scores = scores.masked_fill(hidden, float("-inf"))
    weights = torch.softmax(scores.float(), dim=-1).to(v.dtype)
    return torch.einsum("...qw,...qwd->...qd", weights, near_v)
