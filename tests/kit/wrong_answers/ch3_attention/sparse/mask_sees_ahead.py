"""`sliding_window_mask` takes the distance without its sign, so a query also sees later keys."""

import math

import torch
from torch import Tensor

from ch3_attention.softmax import softmax


def sliding_window_mask(length: int, window: int, device: torch.device | str | None = None) -> Tensor:
    if window < 1:
        raise ValueError(f"a window of {window} keys is empty")
    idx = torch.arange(length, device=device)
    distance = (idx[:, None] - idx[None, :]).abs()
    return distance < window


def strided_mask(length: int, stride: int, device: torch.device | str | None = None) -> Tensor:
    if stride < 1:
        raise ValueError(f"a stride of {stride} is not possible")
    idx = torch.arange(length, device=device)
    distance = idx[:, None] - idx[None, :]
    return distance.ge(0).logical_and(distance.remainder(stride).eq(0))


def sliding_window_attention(q: Tensor, k: Tensor, v: Tensor, window: int) -> Tensor:
    if window < 1:
        raise ValueError(f"a window of {window} keys is empty")
    n, d_k = q.shape[-2:]
    window = min(window, n)
    offsets = torch.arange(window - 1, -1, -1, device=q.device)
    key_index = torch.arange(n, device=q.device)[:, None] - offsets  # (n, window)
    valid = key_index >= 0
    key_index = key_index.clamp(min=0)

    keys = k[..., key_index, :]  # (..., n, window, d_k)
    values = v[..., key_index, :]
    scores = torch.einsum("...nd,...nwd->...nw", q, keys) / math.sqrt(d_k)
    scores = scores.masked_fill(~valid, -math.inf)
    return torch.einsum("...nw,...nwd->...nd", softmax(scores, dim=-1), values)
