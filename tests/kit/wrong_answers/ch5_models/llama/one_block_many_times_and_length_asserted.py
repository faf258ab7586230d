"""`Llama.__init__` puts one and the same block into `blocks` n_layers times and `Llama.forward` raises an
AssertionError, not a ValueError, for more than max_len tokens."""

from dataclasses import dataclass

import torch
from torch import nn

from ch2_embeddings.embedding import Embedding
from ch3_attention.grouped_query import GroupedQueryAttention, repeat_heads
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
        dh = d_model // n_heads
        if dh % 2:
            raise ValueError(f"d_head {dh} cannot be split into pairs")
        self.rope_base = rope_base

    def forward(self, x, mask=None):
        if mask is not None and mask.dim() == 3:
            mask = mask.unsqueeze(1)
        pos = torch.arange(x.size(1), device=x.device)
        query = split_heads(self.q_proj(x), self.n_heads)
        key = split_heads(self.k_proj(x), self.n_kv_heads)
        value = split_heads(self.v_proj(x), self.n_kv_heads)
        query = apply_rotary(query, pos, self.rope_base)
        key = apply_rotary(key, pos, self.rope_base)
        key, value = (repeat_heads(t, self.n_heads) for t in (key, value))
        x, _attn = scaled_dot_product_attention(query, key, value, mask)
        return self.out_proj(merge_heads(x))


class SublayerConnection(nn.Module):
    """Only adds; it has no parameters."""

    def forward(self, x, norm, sublayer):
        return x + sublayer(norm(x))


class LlamaBlock(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.attention = LlamaAttention(config.d_model, config.n_heads, config.n_kv_heads, config.rope_base)
        self.feed_forward = SwiGLU(config.d_model, config.d_ff)
        self.norm1 = RMSNorm(config.d_model)
        self.norm2 = RMSNorm(config.d_model)
        self.sublayer = SublayerConnection()

    def forward(self, x, mask=None):
        x = self.sublayer(x, self.norm1, lambda y: self.attention(y, mask))
        return self.sublayer(x, self.norm2, self.feed_forward)


def clones(module, n):
    return nn.ModuleList([module] * n)


class Llama(nn.Module):
    def __init__(self, config):
        super().__init__()
        if config.window is not None and config.window < 1:
            raise ValueError(f"a window of {config.window} sees nothing")
        self.config = config
        self.token_embedding = Embedding(config.vocab_size, config.d_model)
        self.blocks = clones(LlamaBlock(config), config.n_layers)
        self.norm = RMSNorm(config.d_model)
        self.head = nn.Linear(config.d_model, config.vocab_size, bias=False)
        if config.tied:
            self.head.weight = self.token_embedding.weight
        initialize_(self)

    def forward(self, ids):
        seq = ids.size(1)
        assert seq <= self.config.max_len, f"{seq} tokens, but max_len is {self.config.max_len}"
        if self.config.window:
            mask = sliding_window_mask(seq, self.config.window, ids.device)
        else:
            mask = causal_mask(seq, device=ids.device)
        x = self.token_embedding(ids)
        for layer in self.blocks:
            x = layer(x, mask)
        return self.head(self.norm(x))
