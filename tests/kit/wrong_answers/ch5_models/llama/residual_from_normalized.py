"""`LlamaBlock.forward` adds each sub-layer to the normalized vectors instead of to what was not normalized."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

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
    """Self-attention with RoPE and grouped key-value heads."""

    def __init__(self, d_model: int, n_heads: int, n_kv_heads: int, rope_base: float = 10000.0):
        super().__init__(d_model, n_heads, n_kv_heads)
        self.theta = rope_base
        self.d_k = d_model // n_heads
        if self.d_k % 2:
            raise ValueError(f"d_head={self.d_k} is not even")

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        token_positions = torch.arange(x.shape[-2], device=x.device)
        Q = split_heads(self.q_proj(x), self.n_heads)
        K = split_heads(self.k_proj(x), self.n_kv_heads)
        V = split_heads(self.v_proj(x), self.n_kv_heads)
        Q = apply_rotary(Q, token_positions, self.theta)
        K = apply_rotary(K, token_positions, self.theta)
        K = repeat_heads(K, self.n_heads)
        V = repeat_heads(V, self.n_heads)
        if mask is not None and mask.dim() == 3:
            mask = mask.unsqueeze(1)
        heads, _ = scaled_dot_product_attention(Q, K, V, mask)
        return self.out_proj(merge_heads(heads))


class LlamaBlock(nn.Module):
    """Pre-norm Transformer block."""

    def __init__(self, config: LlamaConfig):
        super().__init__()
        self.attention = LlamaAttention(config.d_model, config.n_heads, config.n_kv_heads, config.rope_base)
        self.feed_forward = SwiGLU(config.d_model, config.d_ff)
        self.norm1 = RMSNorm(config.d_model)
        self.norm2 = RMSNorm(config.d_model)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        x = self.norm1(x)
        x = x + self.attention(x, mask)
        x = self.norm2(x)
        x = x + self.feed_forward(x)
        return x


class Llama(nn.Module):
    """Decoder-only language model."""

    def __init__(self, config: LlamaConfig):
        super().__init__()
        if config.window is not None and config.window <= 0:
            raise ValueError(f"invalid window {config.window}")
        self.config = config
        self.token_embedding = Embedding(config.vocab_size, config.d_model)
        self.blocks = nn.ModuleList([LlamaBlock(config) for _ in range(config.n_layers)])
        self.norm = RMSNorm(config.d_model)
        self.head = nn.Linear(config.d_model, config.vocab_size, bias=False)
        if config.tied:
            self.head.weight = self.token_embedding.weight
        initialize_(self)

    def forward(self, ids: Tensor) -> Tensor:
        _, seq_len = ids.shape
        if seq_len > self.config.max_len:
            raise ValueError(f"seq_len {seq_len} exceeds max_len {self.config.max_len}")
        window = self.config.window
        mask = causal_mask(seq_len) if window is None else sliding_window_mask(seq_len, window)
        mask = mask.to(ids.device)
        h = self.token_embedding(ids)
        for layer in self.blocks:
            h = layer(h, mask)
        h = self.norm(h)
        return self.head(h)
