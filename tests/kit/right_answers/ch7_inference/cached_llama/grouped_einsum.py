"""Grouped einsum without repeating keys, an additive mask from distances, a cache that stores its positions itself."""

import torch
from torch import nn

from ch3_attention.rotary import apply_rotary
from ch5_models.llama import Llama, LlamaConfig  # noqa: F401


class RollingCache:
    def __init__(self, window=None):
        self.window = window
        self.reset()

    def reset(self):
        self.keys, self.values, self.length = None, None, 0

    def append(self, k, v):
        if self.length:
            k, v = torch.cat((self.keys, k), -2), torch.cat((self.values, v), -2)
        kept = k.shape[-2] if self.window is None else min(self.window, k.shape[-2])
        self.keys, self.values = (x.narrow(-2, x.shape[-2] - kept, kept).contiguous().clone() for x in (k, v))
        self.length = kept
        return k, v


class CachedRotaryAttention(nn.Module):
    def __init__(self, attention, config):
        super().__init__()
        self.attention, self.config = attention, config

    def forward(self, x, start, cache):
        batch, t, d_model = x.shape
        groups, heads = self.config.n_kv_heads, self.config.n_heads
        places = torch.arange(start, start + t)
        q = self.attention.q_proj(x).view(batch, t, heads, -1).transpose(1, 2)
        k = self.attention.k_proj(x).view(batch, t, groups, -1).transpose(1, 2)
        v = self.attention.v_proj(x).view(batch, t, groups, -1).transpose(1, 2)
        q = apply_rotary(q, places, base=self.config.rope_base)
        k, v = cache.append(apply_rotary(k, places, base=self.config.rope_base), v)
        q = q.reshape(batch, groups, heads // groups, t, -1) / q.shape[-1] ** 0.5
        scores = torch.einsum("bghqd,bgkd->bghqk", q, k)
        distance = places[:, None] - torch.arange(start + t - k.shape[2], start + t)
        limit = self.config.window if self.config.window is not None else start + t + 1
        bias = torch.zeros(distance.shape, dtype=x.dtype)
        bias[(distance < 0) | (distance >= limit)] = -torch.inf
        mixed = torch.einsum("bghqk,bgkd->bqghd", (scores + bias).softmax(-1), v)
        return self.attention.out_proj(mixed.reshape(batch, t, d_model))


class CachedLlama:
    def __init__(self, model):
        self.model, self.length = model, 0
        self.caches = [RollingCache(model.config.window) for _ in range(model.config.n_layers)]
        self.layers = [CachedRotaryAttention(block.attention, model.config) for block in model.blocks]

    @torch.no_grad()
    def prefill(self, ids):
        t = ids.shape[1]
        if self.length + t > self.model.config.max_len:
            raise ValueError(f"the text would have {self.length + t} tokens, more than {self.model.config.max_len}")
        x = self.model.token_embedding(ids)
        for block, layer, cache in zip(self.model.blocks, self.layers, self.caches, strict=True):
            x = x + layer(block.norm1(x), self.length, cache)
            x = x + block.feed_forward(block.norm2(x))
        self.length += t
        return self.model.head(self.model.norm(x))

    def decode(self, ids):
        return self.prefill(ids.reshape(-1, 1)).select(1, 0)

    def reset(self):
        self.length = 0
        for cache in self.caches:
            cache.reset()
