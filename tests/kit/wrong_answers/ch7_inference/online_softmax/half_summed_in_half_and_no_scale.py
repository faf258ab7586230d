"""`online_normalizer` sums half precision in half precision, and `blockwise_attention` does not divide by √d_head."""

from collections.abc import Iterable

import torch
from torch import Tensor


def online_normalizer(blocks: Iterable[Tensor]) -> tuple[Tensor, Tensor]:
    maximum = total = None
    for block in blocks:
        block_max = block.amax(-1, keepdim=True)
        if maximum is None:
            maximum = torch.full_like(block_max, -torch.inf)
            total = torch.zeros_like(block_max)
        new_max = torch.maximum(maximum, block_max)
        pivot = new_max.masked_fill(torch.isneginf(new_max), 0)
        total = total * torch.exp(maximum - pivot) + torch.exp(block - pivot).sum(-1, keepdim=True)
        maximum = new_max
    return maximum, total


def online_softmax(x: Tensor, block: int) -> Tensor:
    if block < 1:
        raise ValueError(f"invalid block {block}, must be >= 1")
    maximum, total = online_normalizer(x.split(block, dim=-1))
    maximum = maximum.masked_fill(torch.isneginf(maximum), 0)
    total = total.masked_fill(total == 0, 1)
    return (torch.exp(x - maximum) / total).to(x.dtype)


def blockwise_attention(q: Tensor, k: Tensor, v: Tensor, block: int, causal: bool) -> Tensor:
    if block < 1:
        raise ValueError(f"invalid block {block}, must be >= 1")
    out_dtype = q.dtype
    if out_dtype in (torch.float16, torch.bfloat16):
        q, k, v = q.float(), k.float(), v.float()
    Tq, Tk = q.shape[-2], k.shape[-2]
    O = torch.zeros(*q.shape[:-1], v.shape[-1], dtype=q.dtype, device=q.device)
    l = torch.zeros(*q.shape[:-1], 1, dtype=q.dtype, device=q.device)
    m = torch.full_like(l, -torch.inf)
    q_pos = torch.arange(Tq, device=q.device)[:, None] + Tk - Tq
    for j in range(0, Tk, block):
        Kj = k[..., j : j + block, :]
        Vj = v[..., j : j + block, :]
        S = q @ Kj.transpose(-2, -1)
        if causal:
            k_pos = torch.arange(j, j + Kj.shape[-2], device=q.device)[None, :]
            S = torch.where(k_pos <= q_pos, S, -torch.inf)
        m_new = torch.maximum(m, S.amax(-1, keepdim=True))
        pivot = m_new.masked_fill(torch.isneginf(m_new), 0)
        P = torch.exp(S - pivot)
        scale_old = torch.exp(m - pivot)
        l = scale_old * l + P.sum(-1, keepdim=True)
        O = scale_old * O + P @ Vj
        m = m_new
    O = O / l.masked_fill(l == 0, 1)
    return O.to(out_dtype)
