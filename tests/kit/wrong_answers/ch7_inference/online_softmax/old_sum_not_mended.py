"""`online_normalizer` adds each block's terms to the old sum without the factor exp(old maximum - new maximum)."""

import math

import torch


def widen(t):
    # half precision has too few digits for long sums
    if t.dtype == torch.float16 or t.dtype == torch.bfloat16:
        return t.to(torch.float32)
    return t


def online_normalizer(blocks):
    m = None
    d = None
    for block in blocks:
        block = widen(block)
        block_max = block.amax(dim=-1, keepdim=True)
        m = block_max if m is None else torch.maximum(m, block_max)
        safe_m = torch.where(torch.isneginf(m), 0.0, m)
        terms = torch.exp(block - safe_m).sum(dim=-1, keepdim=True)
        d = terms if d is None else d + terms
    return m, d


def online_softmax(x, block):
    if block < 1:
        raise ValueError(f"block has to be 1 or more, got {block}")
    m, d = online_normalizer(torch.split(x, block, dim=-1))
    m = torch.where(torch.isneginf(m), 0.0, m)
    d = torch.where(d == 0, 1.0, d)
    y = torch.exp(widen(x) - m) / d
    return y.to(x.dtype)


def blockwise_attention(q, k, v, block, causal):
    if block < 1:
        raise ValueError(f"block has to be 1 or more, got {block}")
    n, s, d = q.shape[-2], k.shape[-2], q.shape[-1]
    qf = widen(q) / math.sqrt(d)
    m = torch.full(q.shape[:-1] + (1,), float("-inf"), dtype=qf.dtype, device=q.device)
    l = torch.zeros_like(m)
    acc = torch.zeros(q.shape[:-1] + (v.shape[-1],), dtype=qf.dtype, device=q.device)
    rows = torch.arange(n, device=q.device).reshape(n, 1) + (s - n)

    for j in range(0, s, block):
        end = min(j + block, s)
        scores = torch.matmul(qf, widen(k[..., j:end, :]).transpose(-1, -2))
        if causal:
            cols = torch.arange(j, end, device=q.device).reshape(1, end - j)
            scores = scores.masked_fill(cols > rows, float("-inf"))
        m_new = torch.maximum(m, scores.amax(dim=-1, keepdim=True))
        safe = torch.where(torch.isneginf(m_new), 0.0, m_new)
        alpha = torch.exp(m - safe)
        p = torch.exp(scores - safe)
        l = alpha * l + p.sum(dim=-1, keepdim=True)
        acc = alpha * acc + torch.matmul(p, widen(v[..., j:end, :]))
        m = m_new

    out = acc / torch.where(l == 0, 1.0, l)
    return out.to(q.dtype)
