"""`CachedRotaryAttention` repeats the key heads as a b a b, not a a b b, so query heads meet the wrong group's keys."""

import torch
from torch import nn

from ch3_attention.multi_head import merge_heads, split_heads
from ch3_attention.rotary import apply_rotary
from ch3_attention.scaled_dot_product import scaled_dot_product_attention
from ch5_models.llama import Llama, LlamaConfig
from ch7_inference.kv_cache import KVCache


class RollingCache(KVCache):
    def __init__(self, window=None):
        super().__init__()
        self.window = window

    def append(self, k, v):
        if self.keys is None:
            keys, values = k, v
        else:
            keys = torch.cat([self.keys, k], dim=2)
            values = torch.cat([self.values, v], dim=2)
        if self.window is None:
            self.keys = keys
            self.values = values
        else:
            self.keys = keys[:, :, -self.window :, :].clone()
            self.values = values[:, :, -self.window :, :].clone()
        return keys, values


class CachedRotaryAttention(nn.Module):
    def __init__(self, attention: nn.Module, config: LlamaConfig):
        super().__init__()
        self.attention = attention
        self.config = config

    def make_mask(self, start, t, n_keys, device):
        # True where query i may look at key j
        last = start + t
        q_pos = torch.arange(start, last, device=device).view(t, 1)
        k_pos = torch.arange(last - n_keys, last, device=device).view(1, n_keys)
        mask = k_pos <= q_pos
        if self.config.window is not None:
            mask = torch.logical_and(mask, k_pos > q_pos - self.config.window)
        return mask

    def forward(self, x, start, cache):
        t = x.shape[1]
        n_heads, n_kv_heads = self.config.n_heads, self.config.n_kv_heads
        q = split_heads(self.attention.q_proj(x), n_heads)
        k = split_heads(self.attention.k_proj(x), n_kv_heads)
        v = split_heads(self.attention.v_proj(x), n_kv_heads)

        where = torch.arange(start, start + t, device=x.device)
        q = apply_rotary(q, where, self.config.rope_base)
        k = apply_rotary(k, where, self.config.rope_base)
        k, v = cache.append(k, v)
        mask = self.make_mask(start, t, k.shape[2], x.device)

        times = n_heads // n_kv_heads
        k = k.repeat(1, times, 1, 1)
        v = v.repeat(1, times, 1, 1)
        out, _ = scaled_dot_product_attention(q, k, v, mask)
        return self.attention.out_proj(merge_heads(out))


class CachedLlama:
    def __init__(self, model: Llama):
        self.model = model
        self.attentions = []
        self.caches = []
        for block in model.blocks:
            self.attentions.append(CachedRotaryAttention(block.attention, model.config))
            self.caches.append(RollingCache(model.config.window))
        self.count = 0

    @property
    def length(self):
        return self.count

    def prefill(self, ids):
        new_count = self.count + ids.shape[1]
        if new_count > self.model.config.max_len:
            raise ValueError(f"the text would be {new_count} tokens long, max_len is {self.model.config.max_len}")
        with torch.no_grad():
            x = self.model.token_embedding(ids)
            for i in range(len(self.caches)):
                block = self.model.blocks[i]
                x = x + self.attentions[i](block.norm1(x), self.count, self.caches[i])
                x = x + block.feed_forward(block.norm2(x))
            x = self.model.norm(x)
            logits = self.model.head(x)
        self.count = new_count
        return logits

    def decode(self, ids):
        return self.prefill(ids.unsqueeze(1))[:, 0, :]

    def reset(self):
        for cache in self.caches:
            cache.reset()
        self.count = 0
