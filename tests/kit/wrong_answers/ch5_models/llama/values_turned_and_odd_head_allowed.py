"""`LlamaAttention.forward` turns the values too and `LlamaAttention.__init__` does not refuse an odd d_head."""

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
        self.groups = n_heads // n_kv_heads
        self.rope_base = rope_base

    def forward(self, x, mask=None):
        pos = torch.arange(x.shape[1], device=x.device)
        parts = []
        for proj, heads in (
            (self.q_proj, self.n_heads),
            (self.k_proj, self.n_kv_heads),
            (self.v_proj, self.n_kv_heads),
        ):
            h = split_heads(proj(x), heads)
            h = apply_rotary(h, pos, self.rope_base)
            parts.append(h)
        q, k, v = parts
        k = k.repeat_interleave(self.groups, 1)
        v = v.repeat_interleave(self.groups, 1)
        if mask is not None and mask.dim() == 3:
            mask = mask.unsqueeze(1)
        out, weights = scaled_dot_product_attention(q, k, v, mask)
        return self.out_proj(merge_heads(out))


class LlamaBlock(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.attention = LlamaAttention(
            d_model=config.d_model,
            n_heads=config.n_heads,
            n_kv_heads=config.n_kv_heads,
            rope_base=config.rope_base,
        )
        self.feed_forward = SwiGLU(config.d_model, config.d_ff)
        self.norm1 = RMSNorm(config.d_model)
        self.norm2 = RMSNorm(config.d_model)

    def forward(self, x, mask=None):
        a = self.attention(self.norm1(x), mask)
        x = x + a
        f = self.feed_forward(self.norm2(x))
        return x + f


class Llama(nn.Module):
    def __init__(self, config):
        super().__init__()
        if config.window is not None and config.window < 1:
            raise ValueError(f"window: {config.window}")
        self.config = config
        self.token_embedding = Embedding(config.vocab_size, config.d_model)
        self.blocks = nn.ModuleList([LlamaBlock(config) for i in range(config.n_layers)])
        self.norm = RMSNorm(config.d_model)
        self.head = nn.Linear(config.d_model, config.vocab_size, bias=False)
        if config.tied:
            self.head.weight = self.token_embedding.weight
        initialize_(self)

    def forward(self, ids):
        length = ids.shape[1]
        if length > self.config.max_len:
            raise ValueError(f"input has {length} tokens, maximum is {self.config.max_len}")
        if self.config.window is None:
            mask = causal_mask(length).to(ids.device)
        else:
            mask = sliding_window_mask(length, self.config.window).to(ids.device)
        out = self.token_embedding(ids)
        for block in self.blocks:
            out = block(out, mask)
        out = self.norm(out)
        return self.head(out)
