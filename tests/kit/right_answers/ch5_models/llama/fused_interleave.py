"""Built as published code does: projections multiplied as one matrix and split, real rotary tables in buffers,
keys repeated with expand, the mask added as −inf, norms and softmax in float32, no annotations."""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn


@dataclass
class LlamaConfig:
    vocab_size: int
    max_len: int
    d_model: int
    n_layers: int
    n_heads: int
    n_kv_heads: int
    d_ff: int
    rope_base: float = 10000.0
    window: int = None
    tied: bool = False


class Norm(nn.Module):
    def __init__(self, dim, eps=1e-5):
        super().__init__()
        self.variance_epsilon = eps
        self.weight = nn.Parameter(torch.ones(dim))

    def forward(self, x):
        h = x.float()
        h = h * torch.rsqrt(h.pow(2).mean(-1, keepdim=True) + self.variance_epsilon)
        return self.weight * h.type_as(x)


def repeat_kv(x, n_rep):
    b, h, t, d = x.shape
    return x[:, :, None].expand(b, h, n_rep, t, d).reshape(b, h * n_rep, t, d)


def rotate(x, cos, sin):
    even, odd = x[..., ::2], x[..., 1::2]
    return torch.stack((even * cos - odd * sin, even * sin + odd * cos), dim=-1).flatten(-2)


class LlamaAttention(nn.Module):
    def __init__(self, d_model, n_heads, n_kv_heads, rope_base=10000.0):
        super().__init__()
        if d_model % n_heads or n_heads % n_kv_heads:
            raise ValueError(f"d_model {d_model}, n_heads {n_heads}, n_kv_heads {n_kv_heads} do not fit")
        self.num_heads, self.num_kv, self.head_dim, self.theta = n_heads, n_kv_heads, d_model // n_heads, rope_base
        if self.head_dim % 2 == 1:
            raise ValueError(f"d_head {self.head_dim} is odd")
        self.q_proj = nn.Linear(d_model, d_model, bias=False)
        self.k_proj = nn.Linear(d_model, n_kv_heads * self.head_dim, bias=False)
        self.v_proj = nn.Linear(d_model, n_kv_heads * self.head_dim, bias=False)
        self.out_proj = nn.Linear(d_model, d_model, bias=False)

    def forward(self, x, mask=None):
        b, t, c = x.shape
        kv = self.num_kv * self.head_dim
        fused = torch.cat([self.q_proj.weight, self.k_proj.weight, self.v_proj.weight])
        q, k, v = F.linear(x, fused).split([c, kv, kv], dim=-1)
        q = q.view(b, t, self.num_heads, self.head_dim).transpose(1, 2)
        k = k.view(b, t, self.num_kv, self.head_dim).transpose(1, 2)
        v = v.view(b, t, self.num_kv, self.head_dim).transpose(1, 2)
        inv_freq = 1.0 / (self.theta ** (torch.arange(0, self.head_dim, 2, device=x.device).float() / self.head_dim))
        angles = torch.outer(torch.arange(t, device=x.device).float(), inv_freq)
        cos, sin = angles.cos().to(x.dtype), angles.sin().to(x.dtype)
        q, k = rotate(q, cos, sin), rotate(k, cos, sin)
        n_rep = self.num_heads // self.num_kv
        k, v = repeat_kv(k, n_rep), repeat_kv(v, n_rep)
        scores = q @ k.transpose(2, 3) / math.sqrt(self.head_dim)
        if mask is not None:
            mask = mask.unsqueeze(1) if mask.dim() == 3 else mask
            scores = scores.masked_fill(~mask, float("-inf"))
        probs = F.softmax(scores, dim=-1, dtype=torch.float32).type_as(q)
        if mask is not None:
            probs = probs.masked_fill(~mask, 0)
        return self.out_proj((probs @ v).transpose(1, 2).reshape(b, t, c))


class MLP(nn.Module):
    def __init__(self, dim, hidden):
        super().__init__()
        self.gate = nn.Linear(dim, hidden, bias=False)
        self.up = nn.Linear(dim, hidden, bias=False)
        self.down = nn.Linear(hidden, dim, bias=False)

    def forward(self, x):
        return self.down(F.silu(self.gate(x)) * self.up(x))


class LlamaBlock(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.attention = LlamaAttention(config.d_model, config.n_heads, config.n_kv_heads, config.rope_base)
        self.feed_forward = MLP(config.d_model, config.d_ff)
        self.norm1 = Norm(config.d_model)
        self.norm2 = Norm(config.d_model)

    def forward(self, x, mask=None):
        h = x + self.attention(self.norm1(x), mask)
        return h + self.feed_forward(self.norm2(h))


class Llama(nn.Module):
    def __init__(self, config):
        super().__init__()
        if config.window is not None and config.window < 1:
            raise ValueError(f"window {config.window}")
        self.config = config
        self.token_embedding = nn.Embedding(config.vocab_size, config.d_model)
        self.blocks = nn.ModuleList([LlamaBlock(config) for _ in range(config.n_layers)])
        self.norm = Norm(config.d_model)
        self.head = nn.Linear(config.d_model, config.vocab_size, bias=False)
        if config.tied:
            self.head.weight = self.token_embedding.weight
        seen = torch.ones(config.max_len, config.max_len, dtype=torch.bool).tril()
        if config.window is not None:
            seen &= ~torch.ones_like(seen).tril(-config.window)
        self.register_buffer("seen", seen, persistent=False)
        self.apply(self._init_weights)

    def _init_weights(self, module):
        if isinstance(module, (nn.Linear, nn.Embedding)):
            torch.nn.init.normal_(module.weight, mean=0.0, std=0.02)

    def forward(self, ids):
        t = ids.shape[1]
        if t > self.config.max_len:
            raise ValueError(f"sequence of {t} tokens, but max_len is {self.config.max_len}")
        h = self.token_embedding(ids)
        for block in self.blocks:
            h = block(h, self.seen[:t, :t])
        return self.head(self.norm(h))
