"""A Llama with rotary positions by complex numbers, grouped queries by einsum and additive masks."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn

from ch4_blocks.normalization import RMSNorm


def initialize(model):
    for parameter in model.parameters():
        if parameter.dim() == 2:
            nn.init.normal_(parameter, 0.0, 0.02)


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


def turn(x, base):
    """x of shape (batch, seq, heads, d_head), as complex numbers."""
    seq, size = x.shape[1], x.shape[-1]
    frequencies = base ** -(torch.arange(0, size, 2, dtype=x.dtype, device=x.device) / size)
    angles = torch.arange(seq, dtype=x.dtype, device=x.device)[:, None] * frequencies
    even, odd = x[..., 0::2], x[..., 1::2]
    cos, sin = angles.cos()[:, None], angles.sin()[:, None]
    return torch.stack([even * cos - odd * sin, even * sin + odd * cos], dim=-1).reshape(x.shape)


class LlamaAttention(nn.Module):
    def __init__(self, d_model, n_heads, n_kv_heads, rope_base=10000.0):
        super().__init__()
        if d_model % n_heads or n_heads % n_kv_heads:
            raise ValueError(f"{n_heads} heads, {n_kv_heads} key heads and d_model {d_model} do not go together")
        self.size = d_model // n_heads
        if self.size % 2 == 1:
            raise ValueError(f"d_head {self.size} must be even")
        self.n_kv_heads, self.base = n_kv_heads, rope_base
        self.q_proj = nn.Linear(d_model, d_model, bias=False)
        self.k_proj = nn.Linear(d_model, n_kv_heads * self.size, bias=False)
        self.v_proj = nn.Linear(d_model, n_kv_heads * self.size, bias=False)
        self.out_proj = nn.Linear(d_model, d_model, bias=False)

    def forward(self, x, mask=None):
        batch, seq, d_model = x.shape
        q = turn(self.q_proj(x).view(batch, seq, -1, self.size), self.base)
        q = q.view(batch, seq, self.n_kv_heads, -1, self.size)
        k = turn(self.k_proj(x).view(batch, seq, self.n_kv_heads, self.size), self.base)
        v = self.v_proj(x).view(batch, seq, self.n_kv_heads, self.size)
        scores = torch.einsum("bqkgd,bskd->bkgqs", q, k) * self.size**-0.5
        if mask is not None:
            if mask.dim() == 3:
                mask = mask[:, None]
            if mask.dim() == 4:
                heads = (1, 1) if mask.shape[1] == 1 else (self.n_kv_heads, -1)
                mask = mask.unflatten(1, heads)
            scores = scores + torch.zeros_like(mask, dtype=x.dtype).masked_fill(~mask, float("-inf"))
        mixed = torch.einsum("bkgqs,bskd->bqkgd", scores.softmax(-1), v)
        return self.out_proj(mixed.reshape(batch, seq, d_model))


class Gated(nn.Module):
    def __init__(self, d_model, d_ff):
        super().__init__()
        self.up = nn.Linear(d_model, d_ff, bias=False)
        self.gate = nn.Linear(d_model, d_ff, bias=False)
        self.down = nn.Linear(d_ff, d_model, bias=False)

    def forward(self, x):
        gate = self.gate(x)
        return self.down(self.up(x) * gate * torch.sigmoid(gate))


class LlamaBlock(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.norm1, self.norm2 = RMSNorm(config.d_model), RMSNorm(config.d_model)
        self.attention = LlamaAttention(config.d_model, config.n_heads, config.n_kv_heads, config.rope_base)
        self.feed_forward = Gated(config.d_model, config.d_ff)

    def forward(self, x, mask=None):
        y = x + self.attention(self.norm1(x), mask=mask)
        return y + self.feed_forward(self.norm2(y))


class Llama(nn.Module):
    def __init__(self, config):
        super().__init__()
        if config.window is not None and config.window <= 0:
            raise ValueError(f"a window of {config.window} sees nothing")
        self.config = config
        self.token_embedding = nn.Embedding(config.vocab_size, config.d_model)
        self.blocks = nn.ModuleList([LlamaBlock(config) for _ in range(config.n_layers)])
        self.norm = RMSNorm(config.d_model)
        self.head = nn.Linear(config.d_model, config.vocab_size, bias=False)
        initialize(self)
        if config.tied:
            self.token_embedding.weight = self.head.weight

    def forward(self, ids):
        seq = ids.size(1)
        if seq > self.config.max_len:
            raise ValueError(f"sequence of length {seq}, but max_len is {self.config.max_len}")
        places = torch.arange(seq, device=ids.device)
        distance = places[:, None] - places[None, :]
        mask = (distance >= 0) & (distance < (self.config.window or seq + 1))
        x = self.token_embedding(ids)
        for block in self.blocks:
            x = block(x, mask)
        return F.linear(self.norm(x), self.head.weight)
