"""Keys and values are never repeated: queries get an axis for their group and einsum shares each head. Positions are
turned pair by pair with a rotation matrix, the window is a comparison of positions, and all parts come as modules."""

import math
from dataclasses import dataclass

import torch
from torch import nn

from ch2_embeddings import embedding
from ch3_attention.grouped_query import GroupedQueryAttention
from ch4_blocks import feed_forward, normalization


@dataclass(frozen=True)
class LlamaConfig:
    vocab_size: int
    max_len: int
    d_model: int
    n_layers: int
    n_heads: int
    n_kv_heads: int
    d_ff: int
    rope_base: float = 10000.0
    window: int | None = None
    tied: bool = False


class LlamaAttention(GroupedQueryAttention):
    def __init__(self, d_model, n_heads, n_kv_heads, rope_base=10000.0):
        super().__init__(d_model, n_heads, n_kv_heads)
        width = d_model // n_heads
        if width % 2 != 0:
            raise ValueError("odd head width %d" % width)
        self.width = width
        self.rope_base = rope_base

    def turns(self, n, like):
        pairs = torch.arange(self.width // 2, dtype=torch.float64, device=like.device)
        rates = torch.exp(-2 * pairs / self.width * math.log(self.rope_base))
        angle = torch.arange(n, dtype=torch.float64, device=like.device)[:, None] * rates
        rows = [torch.stack([angle.cos(), -angle.sin()], -1), torch.stack([angle.sin(), angle.cos()], -1)]
        return torch.stack(rows, -2).to(like.dtype)

    def forward(self, x, mask=None):
        b, n, _ = x.shape
        g, r = self.n_kv_heads, self.n_heads // self.n_kv_heads
        q = self.q_proj(x).view(b, n, g, r, self.width // 2, 2)
        k = self.k_proj(x).view(b, n, g, self.width // 2, 2)
        v = self.v_proj(x).view(b, n, g, self.width)
        turns = self.turns(n, x)
        q = torch.einsum("npij,bngrpj->bngrpi", turns, q).flatten(-2)
        k = torch.einsum("npij,bngpj->bngpi", turns, k).flatten(-2)
        scores = torch.einsum("bqgrd,bkgd->bgrqk", q, k) * self.width**-0.5
        if mask is not None:
            if mask.ndim == 3:
                mask = mask[:, None]
            while mask.ndim < 4:
                mask = mask[None]
            full = mask.expand(mask.shape[0], self.n_heads, n, n)
            full = full.unflatten(1, (g, r))
            top = scores.masked_fill(~full, -1e30).amax(-1, keepdim=True).detach()
            powers = torch.exp(scores.masked_fill(~full, -torch.inf) - top)
        else:
            powers = torch.exp(scores - scores.amax(-1, keepdim=True).detach())
        weights = powers / powers.sum(-1, keepdim=True).clamp(min=1e-30)
        return self.out_proj(torch.einsum("bgrqk,bkgd->bqgrd", weights, v).reshape(b, n, -1))


class LlamaBlock(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.norm1 = normalization.RMSNorm(c.d_model)
        self.attention = LlamaAttention(c.d_model, c.n_heads, c.n_kv_heads, rope_base=c.rope_base)
        self.norm2 = normalization.RMSNorm(c.d_model)
        self.feed_forward = feed_forward.SwiGLU(c.d_model, c.d_ff)

    def forward(self, x, mask=None):
        for norm, step in ((self.norm1, lambda y: self.attention(y, mask=mask)), (self.norm2, self.feed_forward)):
            x = x + step(norm(x))
        return x


class Llama(nn.Module):
    def __init__(self, config):
        super().__init__()
        if config.window is not None and not config.window >= 1:
            raise ValueError(f"a window of {config.window} sees nothing")
        self.config = config
        self.token_embedding = embedding.Embedding(config.vocab_size, config.d_model)
        self.blocks = nn.ModuleList(map(LlamaBlock, [config] * config.n_layers))
        self.norm = normalization.RMSNorm(config.d_model)
        self.head = nn.Linear(config.d_model, config.vocab_size, bias=False)
        for p in self.parameters():
            if p.dim() == 2:
                torch.nn.init.normal_(p, std=0.02)
        if config.tied:
            self.head.weight = self.token_embedding.weight

    def forward(self, ids):
        n = ids.size(-1)
        if n > self.config.max_len:
            raise ValueError(f"{n} > max_len")
        place = torch.arange(n, device=ids.device)
        back = place[:, None] - place[None, :]
        mask = (back >= 0) & (back < (self.config.window or n))
        x = self.token_embedding(ids)
        for block in self.blocks:
            x = block(x, mask)
        return self.head(self.norm(x))
