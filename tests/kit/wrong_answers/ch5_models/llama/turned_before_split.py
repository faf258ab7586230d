"""`LlamaAttention.forward` turns queries and keys over their whole width, before they are split into heads."""

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
        d_head = d_model // n_heads
        if d_head % 2:
            raise ValueError(f"d_head is {d_head}, but pairs need an even number")
        self.base = rope_base

    def forward(self, x, mask=None):
        seq = x.shape[1]
        positions = torch.arange(seq, device=x.device)

        # project and add the position information
        q = apply_rotary(self.q_proj(x), positions, self.base)
        k = apply_rotary(self.k_proj(x), positions, self.base)
        v = self.v_proj(x)

        # split into heads
        q = split_heads(q, self.n_heads)
        k = repeat_heads(split_heads(k, self.n_kv_heads), self.n_heads)
        v = repeat_heads(split_heads(v, self.n_kv_heads), self.n_heads)

        if mask is not None:
            if mask.dim() == 3:
                mask = mask.unsqueeze(1)

        out = scaled_dot_product_attention(q, k, v, mask)[0]
        out = merge_heads(out)
        return self.out_proj(out)


class LlamaBlock(nn.Module):
    def __init__(self, config):
        super().__init__()
        d = config.d_model
        self.attention = LlamaAttention(d, config.n_heads, config.n_kv_heads, rope_base=config.rope_base)
        self.feed_forward = SwiGLU(d, config.d_ff)
        self.norm1 = RMSNorm(d)
        self.norm2 = RMSNorm(d)

    def forward(self, x, mask=None):
        attended = self.attention(self.norm1(x), mask=mask)
        x = x + attended
        fed = self.feed_forward(self.norm2(x))
        x = x + fed
        return x


class Llama(nn.Module):
    def __init__(self, config):
        super().__init__()
        if config.window is not None:
            if config.window < 1:
                raise ValueError("window is too small: " + str(config.window))
        self.config = config
        self.token_embedding = Embedding(config.vocab_size, config.d_model)
        blocks = []
        for _ in range(config.n_layers):
            blocks.append(LlamaBlock(config))
        self.blocks = nn.ModuleList(blocks)
        self.norm = RMSNorm(config.d_model)
        self.head = nn.Linear(config.d_model, config.vocab_size, bias=False)
        if config.tied:
            self.head.weight = self.token_embedding.weight
        initialize_(self)

    def forward(self, ids):
        n = ids.shape[1]
        if n > self.config.max_len:
            raise ValueError("too many tokens: " + str(n))
        if self.config.window is None:
            mask = causal_mask(n)
        else:
            mask = sliding_window_mask(n, self.config.window)
        mask = mask.to(ids.device)
        x = self.token_embedding(ids)
        for block in self.blocks:
            x = block(x, mask)
        return self.head(self.norm(x))
