"""`strided_mask` asks whether the key's own number, not its distance from the query, is divisible by `stride`."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from ch3_attention.softmax import softmax


def sliding_window_mask(length: int, window: int, device: torch.device | str | None = None) -> Tensor:
    if window < 1:
        raise ValueError(f"window = {window} is below 1")
    ones = torch.ones(length, length, dtype=torch.bool, device=device)
    causal = ones.tril()
    too_old = ones.tril(-window)
    return causal & ~too_old


def strided_mask(length: int, stride: int, device: torch.device | str | None = None) -> Tensor:
    if stride < 1:
        raise ValueError(f"stride = {stride} is below 1")
    causal = torch.ones(length, length, dtype=torch.bool, device=device).tril()
    every_stride = torch.arange(length, device=device) % stride == 0
    return causal & every_stride


def sliding_window_attention(q: Tensor, k: Tensor, v: Tensor, window: int) -> Tensor:
    if window < 1:
        raise ValueError(f"window = {window} is below 1")
    seq = q.shape[-2]
    window = min(window, seq)
    place = torch.arange(seq, device=q.device)

    scores, values = [], []
    for back in range(window):
        # the key that stands `back` places before each query
        k_back = F.pad(k, (0, 0, back, 0))[..., :seq, :]
        v_back = F.pad(v, (0, 0, back, 0))[..., :seq, :]
        score = (q * k_back).sum(dim=-1) / math.sqrt(q.shape[-1])
        scores.append(score.masked_fill(place < back, float("-inf")))
        values.append(v_back)
    weights = softmax(torch.stack(scores, dim=-1), dim=-1)
    return (weights.unsqueeze(-1) * torch.stack(values, dim=-2)).sum(dim=-2)
