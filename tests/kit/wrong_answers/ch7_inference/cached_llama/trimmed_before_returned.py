"""`RollingCache.append` returns only the last `window` keys, so the first queries of a long chunk miss theirs."""

import math

import torch
from torch import Tensor, nn

from ch3_attention.rotary import apply_rotary
from ch5_models.llama import Llama, LlamaConfig
from ch7_inference.kv_cache import KVCache


class RollingCache(KVCache):
    def __init__(self, window: int | None = None) -> None:
        super().__init__()
        self.window = window

    def append(self, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        if self.keys is not None:
            k = torch.cat([self.keys, k], dim=2)
            v = torch.cat([self.values, v], dim=2)
        if self.window is not None and k.shape[2] > self.window:
            k = k[:, :, -self.window :].clone()
            v = v[:, :, -self.window :].clone()
        self.keys, self.values = k, v
        return self.keys, self.values


class CachedRotaryAttention(nn.Module):
    def __init__(self, attention: nn.Module, config: LlamaConfig) -> None:
        super().__init__()
        self.attention = attention
        self.config = config

    def forward(self, x: Tensor, start: int, cache: RollingCache) -> Tensor:
        B, T, C = x.shape
        H, KV = self.config.n_heads, self.config.n_kv_heads
        hs = C // H
        positions = torch.arange(start, start + T, device=x.device)

        q = self.attention.q_proj(x).view(B, T, H, hs).transpose(1, 2)
        k = self.attention.k_proj(x).view(B, T, KV, hs).transpose(1, 2)
        v = self.attention.v_proj(x).view(B, T, KV, hs).transpose(1, 2)
        q = apply_rotary(q, positions, self.config.rope_base)
        k = apply_rotary(k, positions, self.config.rope_base)
        k, v = cache.append(k, v)

        S = k.shape[2]
        key_positions = torch.arange(start + T - S, start + T, device=x.device)
        visible = key_positions[None, :] <= positions[:, None]
        if self.config.window is not None:
            visible = visible & (positions[:, None] - key_positions[None, :] < self.config.window)

        k = k.repeat_interleave(H // KV, dim=1)
        v = v.repeat_interleave(H // KV, dim=1)
        att = (q @ k.transpose(-2, -1)) / math.sqrt(hs)
        att = att.masked_fill(~visible, torch.finfo(att.dtype).min)
        att = att.softmax(dim=-1)
        y = (att @ v).transpose(1, 2).reshape(B, T, C)
        return self.attention.out_proj(y)


class CachedLlama:
    def __init__(self, model: Llama) -> None:
        self.model = model
        self.attns = [CachedRotaryAttention(block.attention, model.config) for block in model.blocks]
        self.caches = [RollingCache(model.config.window) for _ in model.blocks]
        self._length = 0

    @property
    def length(self) -> int:
        return self._length

    def prefill(self, ids: Tensor) -> Tensor:
        n = self._length + ids.shape[1]
        if n > self.model.config.max_len:
            raise ValueError(f"cannot read {n} tokens with max_len = {self.model.config.max_len}")
        with torch.no_grad():
            x = self.model.token_embedding(ids)
            for i, block in enumerate(self.model.blocks):
                x = x + self.attns[i](block.norm1(x), self._length, self.caches[i])
                x = x + block.feed_forward(block.norm2(x))
            logits = self.model.head(self.model.norm(x))
        self._length = n
        return logits

    def decode(self, ids: Tensor) -> Tensor:
        return self.prefill(ids[:, None])[:, -1]

    def reset(self) -> None:
        for cache in self.caches:
            cache.reset()
        self._length = 0
