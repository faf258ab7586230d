"""`CachedRotaryAttention` lets a query see `window` + 1 positions, and `CachedLlama.prefill` runs with gradients on."""

import torch
from torch import Tensor, nn

from ch3_attention.multi_head import merge_heads, split_heads
from ch3_attention.rotary import apply_rotary
from ch3_attention.scaled_dot_product import scaled_dot_product_attention
from ch5_models.llama import Llama, LlamaConfig
from ch7_inference.kv_cache import KVCache


class RollingCache(KVCache):
    def __init__(self, window: int | None = None) -> None:
        super().__init__()
        self.window = window

    def append(self, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        k_all, v_all = super().append(k, v)
        if self.window is not None:
            self.keys = k_all[:, :, -self.window :, :].clone()
            self.values = v_all[:, :, -self.window :, :].clone()
        return k_all, v_all


class CachedRotaryAttention(nn.Module):
    def __init__(self, attention: nn.Module, config: LlamaConfig) -> None:
        super().__init__()
        self.attention = attention
        self.config = config

    def forward(self, x: Tensor, start: int, cache: RollingCache) -> Tensor:
        stop = start + x.size(1)
        q_idx = torch.arange(start, stop, device=x.device)

        Q = split_heads(self.attention.q_proj(x), self.config.n_heads)
        K = split_heads(self.attention.k_proj(x), self.config.n_kv_heads)
        V = split_heads(self.attention.v_proj(x), self.config.n_kv_heads)
        Q = apply_rotary(Q, q_idx, self.config.rope_base)
        K = apply_rotary(K, q_idx, self.config.rope_base)
        K, V = cache.append(K, V)

        kv_idx = torch.arange(stop - K.size(2), stop, device=x.device)
        mask = q_idx[:, None] >= kv_idx[None, :]
        if self.config.window is not None:
            mask = mask & (q_idx[:, None] - kv_idx[None, :] <= self.config.window)

        group_size = self.config.n_heads // self.config.n_kv_heads
        K = K.repeat_interleave(group_size, dim=1)
        V = V.repeat_interleave(group_size, dim=1)
        out, _ = scaled_dot_product_attention(Q, K, V, mask)
        return self.attention.out_proj(merge_heads(out))


class CachedLlama:
    def __init__(self, model: Llama) -> None:
        self.model = model
        self.attentions = [CachedRotaryAttention(b.attention, model.config) for b in model.blocks]
        self.caches = [RollingCache(model.config.window) for _ in model.blocks]
        self.tokens_seen = 0

    @property
    def length(self) -> int:
        return self.tokens_seen

    def prefill(self, ids: Tensor) -> Tensor:
        total = self.tokens_seen + ids.size(1)
        if total > self.model.config.max_len:
            raise ValueError(f"got {total} tokens, but max_len is {self.model.config.max_len}")
        x = self.model.token_embedding(ids)
        for block, attention, cache in zip(self.model.blocks, self.attentions, self.caches):
            x = x + attention(block.norm1(x), self.tokens_seen, cache)
            x = x + block.feed_forward(block.norm2(x))
        self.tokens_seen = total
        return self.model.head(self.model.norm(x))

    def decode(self, ids: Tensor) -> Tensor:
        return self.prefill(ids[:, None])[:, 0]

    def reset(self) -> None:
        for cache in self.caches:
            cache.reset()
        self.tokens_seen = 0
