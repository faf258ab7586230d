"""`Llama.__init__` ties the head by `.data`, so head and token table are two parameters and not one and the same."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

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
    def __init__(self, d_model: int, n_heads: int, n_kv_heads: int, rope_base: float = 10000.0) -> None:
        super().__init__(d_model=d_model, n_heads=n_heads, n_kv_heads=n_kv_heads)
        if (d_model // n_heads) % 2:
            raise ValueError(f"odd d_head: {d_model // n_heads}")
        self.rope_base = rope_base

    def _rotate(self, heads: Tensor) -> Tensor:
        steps = torch.arange(heads.size(-2), device=heads.device)
        return apply_rotary(heads, steps, self.rope_base)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        q = self._rotate(split_heads(self.q_proj(x), self.n_heads))
        k = self._rotate(split_heads(self.k_proj(x), self.n_kv_heads))
        v = split_heads(self.v_proj(x), self.n_kv_heads)
        # one copy of each key and value head for every query head of its group
        owner = torch.arange(self.n_heads, device=x.device) // (self.n_heads // self.n_kv_heads)
        k, v = k[:, owner], v[:, owner]
        if mask is not None and mask.dim() == 3:
            mask = mask.unsqueeze(1)
        context, _ = scaled_dot_product_attention(q, k, v, mask)
        return self.out_proj(merge_heads(context))


class LlamaBlock(nn.Module):
    def __init__(self, config: LlamaConfig) -> None:
        super().__init__()
        self.attention = LlamaAttention(config.d_model, config.n_heads, config.n_kv_heads, config.rope_base)
        self.feed_forward = SwiGLU(config.d_model, config.d_ff)
        self.norm1, self.norm2 = RMSNorm(config.d_model), RMSNorm(config.d_model)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        h = x + self.attention(self.norm1(x), mask)
        return h + self.feed_forward(self.norm2(h))


class Llama(nn.Module):
    def __init__(self, config: LlamaConfig) -> None:
        super().__init__()
        if config.window is not None and config.window < 1:
            raise ValueError(f"window={config.window} is not a window")
        self.config = config
        self.token_embedding = Embedding(config.vocab_size, config.d_model)
        self.blocks = nn.ModuleList(LlamaBlock(config) for _ in range(config.n_layers))
        self.norm = RMSNorm(config.d_model)
        self.head = nn.Linear(config.d_model, config.vocab_size, bias=False)
        initialize_(self)
        if config.tied:
            # share the weights of the embedding and the output layer
            self.head.weight.data = self.token_embedding.weight.data

    def _mask(self, seq: int, device: torch.device) -> Tensor:
        if self.config.window is None:
            return causal_mask(seq, device=device)
        return sliding_window_mask(seq, self.config.window, device=device)

    def forward(self, ids: Tensor) -> Tensor:
        seq = ids.size(1)
        if seq > self.config.max_len:
            raise ValueError(f"got {seq} tokens, can take {self.config.max_len}")
        mask = self._mask(seq, ids.device)
        h = self.token_embedding(ids)
        for block in self.blocks:
            h = block(h, mask)
        return self.head(self.norm(h))
