"""`CachedRotaryAttention` counts positions from what the cache holds, not from `start`: wrong once the window rolls."""

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
        keys, values = super().append(k, v)
        if self.window is not None:
            first_kept = max(keys.shape[-2] - self.window, 0)
            self.keys = keys[..., first_kept:, :].clone()
            self.values = values[..., first_kept:, :].clone()
        return keys, values


class CachedRotaryAttention(nn.Module):
    def __init__(self, attention: nn.Module, config: LlamaConfig) -> None:
        super().__init__()
        self.attention = attention
        self.config = config

    def forward(self, x: Tensor, start: int, cache: RollingCache) -> Tensor:
        config = self.config
        past_len = cache.length
        kv_len = past_len + x.shape[1]
        query_positions = torch.arange(past_len, kv_len, device=x.device)
        key_positions = torch.arange(kv_len, device=x.device)

        query_states = split_heads(self.attention.q_proj(x), config.n_heads)
        key_states = split_heads(self.attention.k_proj(x), config.n_kv_heads)
        value_states = split_heads(self.attention.v_proj(x), config.n_kv_heads)
        query_states = apply_rotary(query_states, query_positions, config.rope_base)
        key_states = apply_rotary(key_states, query_positions, config.rope_base)
        key_states, value_states = cache.append(key_states, value_states)

        mask = key_positions[None, :] <= query_positions[:, None]
        if config.window is not None:
            mask = mask & (key_positions[None, :] > query_positions[:, None] - config.window)

        groups = config.n_heads // config.n_kv_heads
        key_states = key_states.repeat_interleave(groups, dim=1)
        value_states = value_states.repeat_interleave(groups, dim=1)
        attn_output = scaled_dot_product_attention(query_states, key_states, value_states, mask)[0]
        return self.attention.out_proj(merge_heads(attn_output))


class CachedLlama:
    def __init__(self, model: Llama) -> None:
        self.model = model
        self.attentions, self.caches = [], []
        for decoder_layer in model.blocks:
            self.attentions.append(CachedRotaryAttention(decoder_layer.attention, model.config))
            self.caches.append(RollingCache(model.config.window))
        self.seen_tokens = 0

    @property
    def length(self) -> int:
        return self.seen_tokens

    @torch.no_grad()
    def prefill(self, ids: Tensor) -> Tensor:
        total = self.seen_tokens + ids.shape[1]
        if total > self.model.config.max_len:
            raise ValueError(f"{total} tokens in all, and at most {self.model.config.max_len} are allowed")
        hidden = self.model.token_embedding(ids)
        for decoder_layer, attention, cache in zip(self.model.blocks, self.attentions, self.caches):
            hidden = hidden + attention(decoder_layer.norm1(hidden), self.seen_tokens, cache)
            hidden = hidden + decoder_layer.feed_forward(decoder_layer.norm2(hidden))
        self.seen_tokens = total
        return self.model.head(self.model.norm(hidden))

    def decode(self, ids: Tensor) -> Tensor:
        return self.prefill(ids.view(-1, 1)).squeeze(1)

    def reset(self) -> None:
        for cache in self.caches:
            cache.reset()
        self.seen_tokens = 0
