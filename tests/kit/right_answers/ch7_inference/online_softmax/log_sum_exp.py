"""By merging (log-sum-exp, output) pairs with logaddexp; attention in blocks of queries too, future blocks skipped."""

import torch


def wide(x):
    return x if x.dtype == torch.float64 else x.float()


def online_normalizer(blocks):
    blocks = map(wide, blocks)
    first = next(blocks)
    maximum = first.max(dim=-1, keepdim=True).values
    lse = torch.logsumexp(first, dim=-1, keepdim=True)
    for block in blocks:
        maximum = torch.maximum(maximum, block.max(dim=-1, keepdim=True).values)
        lse = torch.logaddexp(lse, torch.logsumexp(block, dim=-1, keepdim=True))
    total = torch.where(torch.isneginf(lse), torch.zeros_like(lse), torch.exp(lse - maximum))
    return maximum, total


def online_softmax(x, block):
    if block <= 0:
        raise ValueError(f"block size {block}")
    n = x.shape[-1]
    maximum, total = online_normalizer([x[..., i : i + block] for i in range(0, n, block)])
    pieces = []
    for i in range(0, n, block):
        piece = torch.exp(x[..., i : i + block] - maximum) / total
        pieces.append(torch.where(torch.isneginf(maximum), torch.zeros_like(piece), piece))
    return torch.cat(pieces, dim=-1).to(x.dtype)


def blockwise_attention(q, k, v, block, causal):
    if block <= 0:
        raise ValueError(f"block size {block}")
    dtype, (q, k, v) = q.dtype, map(wide, (q, k, v))
    q_len, k_len = q.shape[-2], k.shape[-2]
    rows = []
    for top in range(0, q_len, block):
        queries = q[..., top : top + block, :] * q.shape[-1] ** -0.5
        height = queries.shape[-2]
        lse = torch.full((*q.shape[:-2], height, 1), float("-inf"), dtype=q.dtype)
        output = torch.zeros((*q.shape[:-2], height, v.shape[-1]), dtype=q.dtype)
        for left in range(0, k_len, block):
            if causal and left > top + height - 1 + k_len - q_len:
                break
            scores = torch.einsum("...qd,...kd->...qk", queries, k[..., left : left + block, :])
            if causal:
                i = torch.arange(top, top + height).unsqueeze(1) + (k_len - q_len)
                j = torch.arange(left, left + scores.shape[-1]).unsqueeze(0)
                scores = torch.where(j <= i, scores, float("-inf"))
            here = torch.logsumexp(scores, dim=-1, keepdim=True)
            mixed = torch.nan_to_num(torch.softmax(scores, dim=-1)) @ v[..., left : left + block, :]
            both = torch.logaddexp(lse, here)
            old, new = torch.nan_to_num(torch.exp(lse - both)), torch.nan_to_num(torch.exp(here - both))
            output, lse = output * old + mixed * new, both
        rows.append(output)
    return torch.cat(rows, dim=-2).to(dtype)
