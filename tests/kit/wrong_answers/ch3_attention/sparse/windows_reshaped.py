"""`sliding_window_attention` reshapes the windows of keys and values where their last two axes should be swapped."""

import torch
import torch.nn.functional as F
from torch import Tensor

from ch3_attention.scaled_dot_product import scaled_dot_product_attention


def sliding_window_mask(length: int, window: int, device: torch.device | str | None = None) -> Tensor:
    if window < 1:
        raise ValueError(f"the window must hold one key or more, but is {window}")
    steps = torch.arange(length, device=device)
    age = steps.unsqueeze(-1) - steps
    return (0 <= age) & (age < window)


def strided_mask(length: int, stride: int, device: torch.device | str | None = None) -> Tensor:
    if stride < 1:
        raise ValueError(f"the stride must be 1 or more, but is {stride}")
    steps = torch.arange(length, device=device)
    age = steps.unsqueeze(-1) - steps
    return (0 <= age) & (age % stride == 0)


def _windows(t: Tensor, window: int) -> Tensor:
    padded = F.pad(t, (0, 0, window - 1, 0))
    unfolded = padded.unfold(-2, window, 1)
    return unfolded.reshape(*t.shape[:-1], window, t.shape[-1])


def sliding_window_attention(q: Tensor, k: Tensor, v: Tensor, window: int) -> Tensor:
    if window < 1:
        raise ValueError(f"the window must hold one key or more, but is {window}")
    seq = q.shape[-2]
    window = min(window, seq)
    # query i has i + 1 real keys, at the end of its window
    real = torch.arange(seq, device=q.device)[:, None] >= torch.arange(window - 1, -1, -1, device=q.device)
    out, _ = scaled_dot_product_attention(q.unsqueeze(-2), _windows(k, window), _windows(v, window), real.unsqueeze(-2))
    return out.squeeze(-2)
