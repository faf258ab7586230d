"""`blockwise_attention` lets query i see the keys up to i and forgets the offset k_len - q_len of the causal mask."""

import torch
from torch import Tensor, einsum


def default(val, d):
    return d if val is None else val


def to_wide(t: Tensor) -> Tensor:
    return t.to(torch.promote_types(t.dtype, torch.float32))


def no_inf(t: Tensor) -> Tensor:
    return torch.where(t == -torch.inf, torch.zeros_like(t), t)


def no_zero(t: Tensor) -> Tensor:
    return torch.where(t == 0, torch.ones_like(t), t)


def online_normalizer(blocks):
    row_maxes, row_sums = None, None
    for blk in blocks:
        blk = to_wide(blk)
        row_maxes = default(row_maxes, torch.full_like(blk[..., :1], -torch.inf))
        row_sums = default(row_sums, torch.zeros_like(blk[..., :1]))

        new_row_maxes = blk.amax(dim=-1, keepdim=True).maximum(row_maxes)
        shift = no_inf(new_row_maxes)
        exp_row_max_diff = (row_maxes - shift).exp()
        row_sums = exp_row_max_diff * row_sums + (blk - shift).exp().sum(dim=-1, keepdim=True)
        row_maxes = new_row_maxes
    return row_maxes, row_sums


def online_softmax(x: Tensor, block: int) -> Tensor:
    if block < 1:
        raise ValueError(f"block must be positive, not {block}")
    row_maxes, row_sums = online_normalizer(x.split(block, dim=-1))
    return ((to_wide(x) - no_inf(row_maxes)).exp() / no_zero(row_sums)).to(x.dtype)


def blockwise_attention(q: Tensor, k: Tensor, v: Tensor, block: int, causal: bool) -> Tensor:
    if block < 1:
        raise ValueError(f"block must be positive, not {block}")
    dtype, device = q.dtype, q.device
    q, k, v = map(to_wide, (q, k, v))
    scale = q.shape[-1] ** -0.5

    o = q.new_zeros((*q.shape[:-1], v.shape[-1]))
    all_row_sums = q.new_zeros((*q.shape[:-1], 1))
    all_row_maxes = q.new_full((*q.shape[:-1], 1), -torch.inf)
    row_ids = torch.arange(q.shape[-2], device=device)

    offset = 0
    for kc, vc in zip(k.split(block, dim=-2), v.split(block, dim=-2)):
        attn_weights = einsum("... i d, ... j d -> ... i j", q, kc) * scale
        if causal:
            col_ids = torch.arange(offset, offset + kc.shape[-2], device=device)
            causal_mask = row_ids[:, None] < col_ids[None, :]
            attn_weights = attn_weights.masked_fill(causal_mask, -torch.inf)

        new_row_maxes = attn_weights.amax(dim=-1, keepdim=True).maximum(all_row_maxes)
        shift = no_inf(new_row_maxes)
        exp_weights = (attn_weights - shift).exp()
        exp_row_max_diff = (all_row_maxes - shift).exp()

        all_row_sums = exp_row_max_diff * all_row_sums + exp_weights.sum(dim=-1, keepdim=True)
        o = exp_row_max_diff * o + einsum("... i j, ... j d -> ... i d", exp_weights, vc)
        all_row_maxes = new_row_maxes
        offset += kc.shape[-2]

    return (o / no_zero(all_row_sums)).to(dtype)
