"""`online_normalizer` takes one maximum for all rows of a block, and a `block` below 1 gives no `ValueError`."""

import math

import torch


def online_normalizer(blocks):
    largest = None
    for values in blocks:
        if values.dtype in (torch.float16, torch.bfloat16):
            values = values.float()
        if largest is None:
            largest = torch.full_like(values[..., :1], -math.inf)
            total = torch.zeros_like(values[..., :1])
        new_largest = torch.maximum(largest, values.max())
        shift = torch.where(new_largest == -math.inf, 0.0, new_largest)
        total = total * torch.exp(largest - shift)
        total = total + torch.exp(values - shift).sum(dim=-1, keepdim=True)
        largest = new_largest
    return largest, total


def online_softmax(x, block):
    assert block >= 1, f"block must be at least 1, not {block}"
    blocks = [x[..., start : start + block] for start in range(0, x.shape[-1], block)]
    largest, total = online_normalizer(blocks)
    largest = torch.where(largest == -math.inf, 0.0, largest)
    total = torch.where(total == 0, 1.0, total)
    # second pass, block by block
    parts = [torch.exp(part.to(total.dtype) - largest) / total for part in blocks]
    return torch.cat(parts, dim=-1).to(x.dtype)


def blockwise_attention(q, k, v, block, causal):
    assert block >= 1, f"block must be at least 1, not {block}"
    q_len = q.shape[-2]
    k_len = k.shape[-2]
    work = torch.float32 if q.dtype in (torch.float16, torch.bfloat16) else q.dtype
    queries = q.to(work) / math.sqrt(q.shape[-1])

    largest = torch.full((*q.shape[:-1], 1), -math.inf, dtype=work, device=q.device)
    total = torch.zeros((*q.shape[:-1], 1), dtype=work, device=q.device)
    mixed = torch.zeros((*q.shape[:-1], v.shape[-1]), dtype=work, device=q.device)

    start = 0
    while start < k_len:
        stop = min(start + block, k_len)
        keys = k[..., start:stop, :].to(work)
        values = v[..., start:stop, :].to(work)
        scores = queries @ keys.transpose(-2, -1)
        if causal:
            query_at = torch.arange(k_len - q_len, k_len, device=q.device).unsqueeze(1)
            key_at = torch.arange(start, stop, device=q.device).unsqueeze(0)
            scores = scores.masked_fill(query_at < key_at, -math.inf)
        new_largest = torch.maximum(largest, scores.max(dim=-1, keepdim=True).values)
        shift = torch.where(new_largest == -math.inf, 0.0, new_largest)
        old_factor = torch.exp(largest - shift)
        powers = torch.exp(scores - shift)
        total = total * old_factor + powers.sum(dim=-1, keepdim=True)
        mixed = mixed * old_factor + powers @ values
        largest = new_largest
        start = stop

    total = torch.where(total == 0, 1.0, total)
    return (mixed / total).to(q.dtype)
