"""`blockwise_attention` mends the sum of the weights by exp(old - new) but not the mixed values gathered so far."""

import math
from collections.abc import Iterable

import torch
from torch import Tensor


def _working_dtype(t: Tensor) -> torch.dtype:
    return torch.float32 if t.dtype in [torch.half, torch.bfloat16] else t.dtype


class _Running:
    """Maximum and sum of a row, brought up to date block by block."""

    def __init__(self, maximum: Tensor, total: Tensor) -> None:
        self.maximum = maximum
        self.total = total

    def add(self, scores: Tensor) -> tuple[Tensor, Tensor]:
        maximum = torch.maximum(self.maximum, torch.amax(scores, dim=-1, keepdim=True))
        base = torch.where(maximum.isinf() & (maximum < 0), torch.zeros_like(maximum), maximum)
        factor = torch.exp(self.maximum - base)
        weights = torch.exp(scores - base)
        self.total = factor * self.total + torch.sum(weights, dim=-1, keepdim=True)
        self.maximum = maximum
        return factor, weights


def online_normalizer(blocks: Iterable[Tensor]) -> tuple[Tensor, Tensor]:
    running = None
    for scores in blocks:
        scores = scores.to(_working_dtype(scores))
        if running is None:
            column = scores[..., :1]
            running = _Running(torch.full_like(column, -math.inf), torch.zeros_like(column))
        running.add(scores)
    return running.maximum, running.total


def online_softmax(x: Tensor, block: int) -> Tensor:
    if block < 1:
        raise ValueError(f"block is {block}, should be 1 or larger")
    maximum, total = online_normalizer(x.split(block, dim=-1))
    maximum = maximum.masked_fill(maximum == -math.inf, 0.0)
    total = total.masked_fill(total == 0.0, 1.0)
    return (torch.exp(x.to(maximum.dtype) - maximum) / total).to(x.dtype)


def blockwise_attention(q: Tensor, k: Tensor, v: Tensor, block: int, causal: bool) -> Tensor:
    if block < 1:
        raise ValueError(f"block is {block}, should be 1 or larger")
    dtype = _working_dtype(q)
    num_queries, num_keys, d_head = q.shape[-2], k.shape[-2], q.shape[-1]
    queries = q.to(dtype)
    column = queries[..., :1]
    running = _Running(torch.full_like(column, -math.inf), torch.zeros_like(column))
    mixed = torch.zeros(q.shape[:-1] + v.shape[-1:], dtype=dtype, device=q.device)
    limits = torch.arange(num_queries, device=q.device) + num_keys - num_queries
    for first in range(0, num_keys, block):
        last = min(first + block, num_keys)
        keys = k[..., first:last, :].to(dtype)
        values = v[..., first:last, :].to(dtype)
        scores = torch.matmul(queries, keys.transpose(-1, -2)) / math.sqrt(d_head)
        if causal:
            hidden = torch.arange(first, last, device=q.device) > limits[:, None]
            scores = scores.masked_fill(hidden, -math.inf)
        _, weights = running.add(scores)
        mixed = mixed + torch.matmul(weights, values)
    total = running.total.masked_fill(running.total == 0.0, 1.0)
    return (mixed / total).to(q.dtype)
