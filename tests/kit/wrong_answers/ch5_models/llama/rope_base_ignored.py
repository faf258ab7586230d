"""`LlamaAttention.forward` turns queries and keys with the default base of 10000, whatever `rope_base` says."""

from dataclasses import dataclass

import torch
from torch import nn

from ch2_embeddings.embedding import Embedding
from ch3_attention.grouped_query import GroupedQueryAttention
from ch3_attention.masks import causal_mask
from ch3_attention.multi_head import merge_heads, split_heads
from ch3_attention.rotary import apply_rotary
from ch3_attention.scaled_dot_product import scaled_dot_product_attention
from ch3_attention.sparse import sliding_window_mask
from ch4_blocks.feed_forward import SwiGLU
from ch4_blocks.normalization import RMSNorm
from ch5_models.gpt import initialize_


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
        self.head_dim = d_model // n_heads
        if self.head_dim % 2 != 0:
            raise ValueError(f"d_head must be even for RoPE, got {self.head_dim}")
        self.rope_base = rope_base
        self.n_rep = n_heads // n_kv_heads

    def forward(self, x, mask=None):
        B, T, C = x.size()
        pos = torch.arange(T, device=x.device)

        q = split_heads(self.q_proj(x), self.n_heads)  # (B, nh, T, hs)
        k = split_heads(self.k_proj(x), self.n_kv_heads)  # (B, nkv, T, hs)
        v = split_heads(self.v_proj(x), self.n_kv_heads)

        q = apply_rotary(q, pos)
        k = apply_rotary(k, pos)

        k = torch.repeat_interleave(k, self.n_rep, dim=1)
        v = torch.repeat_interleave(v, self.n_rep, dim=1)

        if mask is not None and mask.ndim == 3:
            mask = mask[:, None, :, :]
        y, _ = scaled_dot_product_attention(q, k, v, mask)
        return self.out_proj(merge_heads(y))


class LlamaBlock(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.norm1 = RMSNorm(config.d_model)
        self.attention = LlamaAttention(config.d_model, config.n_heads, config.n_kv_heads, config.rope_base)
        self.norm2 = RMSNorm(config.d_model)
        self.feed_forward = SwiGLU(config.d_model, config.d_ff)

    def forward(self, x, mask=None):
        x = x + self.attention(self.norm1(x), mask)
        x = x + self.feed_forward(self.norm2(x))
        return x


class Llama(nn.Module):
    def __init__(self, config):
        super().__init__()
        if config.window is not None and config.window < 1:
            raise ValueError(f"window must be at least 1, got {config.window}")
        self.config = config
        self.token_embedding = Embedding(config.vocab_size, config.d_model)
        self.blocks = nn.ModuleList([LlamaBlock(config) for _ in range(config.n_layers)])
        self.norm = RMSNorm(config.d_model)
        self.head = nn.Linear(config.d_model, config.vocab_size, bias=False)
        if config.tied:
            self.head.weight = self.token_embedding.weight
        initialize_(self)

    def forward(self, ids):
        B, T = ids.size()
        if T > self.config.max_len:
            raise ValueError(f"cannot forward a sequence of length {T}, max_len is {self.config.max_len}")
        if self.config.window is None:
            mask = causal_mask(T, device=ids.device)
        else:
            mask = sliding_window_mask(T, self.config.window, device=ids.device)
        x = self.token_embedding(ids)
        for block in self.blocks:
            x = block(x, mask)
        x = self.norm(x)
        return self.head(x)
