"""Everything in float64 and cast back at the end; the softmax written block by block into a result made beforehand."""

import math

import torch
import torch.nn.functional as F


def online_normalizer(blocks):
    best, weight, dtype = None, None, None
    for piece in blocks:
        dtype = piece.dtype
        piece = piece.double()
        top = piece.amax(dim=-1, keepdim=True)
        if best is None:
            best, weight = top, torch.zeros_like(top)
        higher = torch.maximum(best, top)
        weight = weight * torch.nan_to_num((best - higher).exp(), nan=1.0)
        weight = weight + torch.nan_to_num((piece - higher).exp()).sum(dim=-1, keepdim=True)
        best = higher
    if dtype in (torch.float32, torch.float64):
        return best.to(dtype), weight.to(dtype)
    return best.float(), weight.float()


def online_softmax(x, block):
    if block < 1:
        raise ValueError(f"cannot cut a row into blocks of {block}")
    best, weight = online_normalizer(part for part in x.double().split(block, dim=-1))
    result = torch.empty_like(x, dtype=torch.float64)
    for start in range(0, x.shape[-1], block):
        stop = start + block
        result[..., start:stop] = torch.nan_to_num((x[..., start:stop].double() - best).exp() / weight)
    return result.to(x.dtype)


def blockwise_attention(q, k, v, block, causal):
    if block < 1:
        raise ValueError(f"cannot cut the keys into blocks of {block}")
    queries = q.double() / math.sqrt(q.size(-1))
    offset = k.size(-2) - q.size(-2)
    top = queries.new_full(q.shape[:-1], -math.inf)
    denominator = torch.zeros_like(top)
    numerator = queries.new_zeros(q.shape[:-1] + v.shape[-1:])
    for number, (keys, values) in enumerate(zip(k.double().split(block, -2), v.double().split(block, -2))):
        scores = F.linear(queries, keys) if keys.dim() == 2 else queries.matmul(keys.mT)
        if causal:
            allowed = torch.ones(scores.shape[-2:], dtype=torch.bool).tril(offset - number * block)
            scores = scores.masked_fill(allowed.logical_not(), -math.inf)
        highest = torch.maximum(top, scores.amax(-1))
        usable = torch.where(highest.isinf(), 0.0, highest)
        shrink = (top - usable).exp()
        powers = (scores - usable.unsqueeze(-1)).exp()
        denominator = denominator * shrink + powers.sum(-1)
        numerator = numerator * shrink.unsqueeze(-1) + powers.matmul(values)
        top = highest
    return torch.where(denominator.unsqueeze(-1) > 0, numerator / denominator.unsqueeze(-1), 0.0).to(q.dtype)
