"""The loop of FlashAttention papers: running m, l and o, in float32 where half precision came, einsum for the products."""

import torch

NEG = float("-inf")


def _upcast(t):
    return t if t.dtype in (torch.float32, torch.float64) else t.to(torch.float32)


def online_normalizer(blocks):
    m = l = None
    for b in blocks:
        b = _upcast(b)
        m_b = torch.max(b, dim=-1, keepdim=True)[0]
        safe = torch.where(m_b == NEG, torch.zeros_like(m_b), m_b)
        l_b = torch.sum(torch.exp(b - safe), dim=-1, keepdim=True)
        if m is None:
            m, l = m_b, l_b
            continue
        m_new = torch.maximum(m, m_b)
        base = torch.where(m_new == NEG, torch.zeros_like(m_new), m_new)
        l = l * torch.exp(m - base) + l_b * torch.exp(m_b - base)
        m = m_new
    return m, l


def online_softmax(x, block):
    if not block >= 1:
        raise ValueError("block size has to be positive, got {}".format(block))
    m, l = online_normalizer(torch.split(x, block, dim=-1))
    dead = m == NEG
    p = torch.exp(_upcast(x) - torch.where(dead, torch.zeros_like(m), m)) / torch.where(dead, torch.ones_like(l), l)
    return p.type_as(x)


def blockwise_attention(q, k, v, block, causal):
    if not block >= 1:
        raise ValueError("block size has to be positive, got {}".format(block))
    Q, K, V = _upcast(q), _upcast(k), _upcast(v)
    Tq, Tk = Q.shape[-2], K.shape[-2]
    scale = 1.0 / (Q.shape[-1] ** 0.5)
    o = torch.zeros(*Q.shape[:-1], V.shape[-1], dtype=Q.dtype)
    m = torch.full((*Q.shape[:-1], 1), NEG, dtype=Q.dtype)
    l = torch.zeros_like(m)
    row = torch.arange(Tq).view(-1, 1) + (Tk - Tq)
    for j in range(0, Tk, block):
        s = torch.einsum("...id,...jd->...ij", Q, K[..., j : j + block, :]) * scale
        if causal:
            col = torch.arange(j, min(j + block, Tk)).view(1, -1)
            s = torch.where(col > row, torch.full_like(s, NEG), s)
        m_new = torch.maximum(m, s.max(dim=-1, keepdim=True)[0])
        base = m_new.clone()
        base[base == NEG] = 0
        p = torch.exp(s - base)
        alpha = torch.exp(m - base)
        l = alpha * l + p.sum(dim=-1, keepdim=True)
        o = alpha * o + torch.einsum("...ij,...jd->...id", p, V[..., j : j + block, :])
        m = m_new
    return (o / l.masked_fill(l == 0, 1)).type_as(q)
