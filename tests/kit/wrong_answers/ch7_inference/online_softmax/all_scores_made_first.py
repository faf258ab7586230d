"""`blockwise_attention` makes the whole matrix of scores, q_len by k_len, first, and only then cuts it into blocks."""

import math

import torch
from torch import Tensor


def _float(x: Tensor) -> Tensor:
    return x if x.dtype == torch.float64 else x.float()


def online_normalizer(blocks):
    blocks = iter(blocks)
    x = _float(next(blocks))
    maximum = x.amax(dim=-1, keepdim=True)
    total = (x - maximum.clamp(min=torch.finfo(x.dtype).min)).exp().sum(dim=-1, keepdim=True)
    for x in blocks:
        x = _float(x)
        bigger = torch.maximum(maximum, x.amax(dim=-1, keepdim=True))
        shift = bigger.clamp(min=torch.finfo(x.dtype).min)
        total = total * (maximum - shift).exp() + (x - shift).exp().sum(dim=-1, keepdim=True)
        maximum = bigger
    return maximum, total


def online_softmax(x: Tensor, block: int) -> Tensor:
    if block < 1:
        raise ValueError(f"block should be at least 1 and is {block}")
    maximum, total = online_normalizer(x.split(block, dim=-1))
    lowest = torch.finfo(maximum.dtype).min
    weights = (_float(x) - maximum.clamp(min=lowest)).exp()
    return (weights / total.masked_fill(total == 0, 1.0)).to(x.dtype)


def blockwise_attention(q: Tensor, k: Tensor, v: Tensor, block: int, causal: bool) -> Tensor:
    if block < 1:
        raise ValueError(f"block should be at least 1 and is {block}")
    q_len, k_len = q.shape[-2], k.shape[-2]
    scores = _float(q) @ _float(k).transpose(-2, -1) / math.sqrt(q.shape[-1])
    if causal:
        seen = torch.ones(q_len, k_len, dtype=torch.bool, device=q.device).tril(k_len - q_len)
        scores = scores.masked_fill(~seen, float("-inf"))
    lowest = torch.finfo(scores.dtype).min

    maximum = torch.full_like(scores[..., :1], float("-inf"))
    total = torch.zeros_like(maximum)
    mixed = torch.zeros_like(total).expand(*q.shape[:-1], v.shape[-1])
    for s, values in zip(scores.split(block, dim=-1), v.split(block, dim=-2)):
        bigger = torch.maximum(maximum, s.amax(dim=-1, keepdim=True))
        shift = bigger.clamp(min=lowest)
        mend = (maximum - shift).exp()
        weights = (s - shift).exp()
        total = mend * total + weights.sum(dim=-1, keepdim=True)
        mixed = mend * mixed + weights @ _float(values)
        maximum = bigger
    return (mixed / total.masked_fill(total == 0, 1.0)).to(q.dtype)
