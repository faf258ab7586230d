"""`online_normalizer` subtracts -inf from -inf in rows that have seen only -inf so far, and their sum becomes NaN."""

import math
from collections.abc import Iterable

import torch
from torch import Tensor


def online_normalizer(blocks: Iterable[Tensor]) -> tuple[Tensor, Tensor]:
    running_max, running_sum = None, None
    for block in blocks:
        if block.dtype in (torch.float16, torch.bfloat16):
            block = block.float()
        if running_max is None:
            running_max = torch.full_like(block[..., 0:1], float("-inf"))
            running_sum = torch.zeros_like(block[..., 0:1])
        previous = running_max
        running_max = torch.maximum(previous, block.max(dim=-1, keepdim=True).values)
        running_sum = running_sum * torch.exp(previous - running_max)
        running_sum = running_sum + torch.exp(block - running_max).sum(dim=-1, keepdim=True)
    return running_max, running_sum


def online_softmax(x: Tensor, block: int) -> Tensor:
    if block < 1:
        raise ValueError(f"a block of {block} columns makes no sense")
    wide = x.float() if x.dtype in (torch.float16, torch.bfloat16) else x
    maximum, total = online_normalizer(wide.split(block, dim=-1))
    empty = maximum == float("-inf")
    result = torch.exp(wide - maximum.masked_fill(empty, 0.0)) / total.masked_fill(total == 0, 1.0)
    return result.to(x.dtype)


def blockwise_attention(q: Tensor, k: Tensor, v: Tensor, block: int, causal: bool) -> Tensor:
    if block < 1:
        raise ValueError(f"a block of {block} keys makes no sense")
    dtype = torch.float32 if q.dtype in (torch.float16, torch.bfloat16) else q.dtype
    q_len, k_len = q.shape[-2], k.shape[-2]
    scale = 1.0 / math.sqrt(q.shape[-1])
    query = q.to(dtype)

    row_max = query.new_full((*q.shape[:-1], 1), float("-inf"))
    row_sum = query.new_zeros((*q.shape[:-1], 1))
    output = query.new_zeros((*q.shape[:-1], v.shape[-1]))
    query_positions = torch.arange(k_len - q_len, k_len, device=q.device)

    start = 0
    for key_block, value_block in zip(k.split(block, dim=-2), v.split(block, dim=-2)):
        size = key_block.shape[-2]
        scores = query @ key_block.to(dtype).transpose(-2, -1) * scale
        if causal:
            key_positions = torch.arange(start, start + size, device=q.device)
            future = key_positions.unsqueeze(0) > query_positions.unsqueeze(1)
            scores = scores.masked_fill(future, float("-inf"))
        new_max = torch.maximum(row_max, scores.max(dim=-1, keepdim=True).values)
        finite_max = new_max.masked_fill(new_max == float("-inf"), 0.0)
        correction = torch.exp(row_max - finite_max)
        weights = torch.exp(scores - finite_max)
        row_sum = row_sum * correction + weights.sum(dim=-1, keepdim=True)
        output = output * correction + weights @ value_block.to(dtype)
        row_max = new_max
        start += size

    return (output / row_sum.masked_fill(row_sum == 0, 1.0)).to(q.dtype)
