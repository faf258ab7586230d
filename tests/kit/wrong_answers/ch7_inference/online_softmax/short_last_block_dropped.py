"""`blockwise_attention` goes through k_len // block blocks, so the keys of a shorter last block are never read."""

import math

import torch
from torch import Tensor

HALF = {torch.float16, torch.bfloat16}
NEG_INF = -float("inf")


def _check(block: int) -> None:
    if block < 1:
        raise ValueError(f"block size {block} is below 1")


def _up(t: Tensor) -> Tensor:
    return t.float() if t.dtype in HALF else t


def _update(m: Tensor, d: Tensor, s: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """One step of algorithm 3: new maximum, new sum, the factor for what is old, the terms of the block."""
    m_next = torch.maximum(m, s.amax(-1, True))
    ref = torch.nan_to_num(m_next, neginf=0.0, posinf=float("inf"))
    factor = (m - ref).exp()
    terms = (s - ref).exp()
    return m_next, d * factor + terms.sum(-1, True), factor, terms


def online_normalizer(blocks):
    state = None
    for s in blocks:
        s = _up(s)
        if state is None:
            first = s[..., :1]
            state = torch.full_like(first, NEG_INF), torch.zeros_like(first)
        state = _update(*state, s)[:2]
    return state


def online_softmax(x: Tensor, block: int) -> Tensor:
    _check(block)
    m, d = online_normalizer(x[..., i : i + block] for i in range(0, x.shape[-1], block))
    nothing = d == 0
    y = (_up(x) - m.masked_fill(nothing, 0)).exp() / d.masked_fill(nothing, 1)
    return y.to(x.dtype)


def blockwise_attention(q: Tensor, k: Tensor, v: Tensor, block: int, causal: bool) -> Tensor:
    _check(block)
    q_len, k_len = q.shape[-2], k.shape[-2]
    queries = _up(q)
    m = torch.full_like(queries[..., :1], NEG_INF)
    d = torch.zeros_like(m)
    o = torch.zeros(*q.shape[:-1], v.shape[-1], dtype=queries.dtype, device=q.device)

    num_blocks = k_len // block
    for b in range(num_blocks):
        lo, hi = b * block, min((b + 1) * block, k_len)
        s = queries @ _up(k[..., lo:hi, :]).mT / math.sqrt(q.shape[-1])
        if causal:
            i = torch.arange(q_len, device=q.device)[:, None]
            j = torch.arange(lo, hi, device=q.device)[None, :]
            s = s.masked_fill(j > i + k_len - q_len, NEG_INF)
        m, d, factor, terms = _update(m, d, s)
        o = o * factor + terms @ _up(v[..., lo:hi, :])

    return (o / d.masked_fill(d == 0, 1)).to(q.dtype)
