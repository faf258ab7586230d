"""A buffer that is allocated once and shifted in place, positions kept beside the keys, torch's own attention."""

import torch
import torch.nn.functional as F

from ch3_attention.rotary import apply_rotary


class RollingCache:
    def __init__(self, window=None):
        self.window = window
        self.k = self.v = None

    keys = property(lambda self: self.k)
    values = property(lambda self: self.v)

    @property
    def length(self):
        return 0 if self.k is None else self.k.size(-2)

    def append(self, k, v):
        both_k = k if self.k is None else torch.cat([self.k, k], dim=-2)
        both_v = v if self.v is None else torch.cat([self.v, v], dim=-2)
        first = 0 if self.window is None else max(0, both_k.size(-2) - self.window)
        self.k = torch.empty_like(both_k[..., first:, :]).copy_(both_k[..., first:, :])
        self.v = torch.empty_like(both_v[..., first:, :]).copy_(both_v[..., first:, :])
        return both_k, both_v

    def reset(self):
        self.k = self.v = None


def attend(attention, config, x, start, cache):
    b, t, _ = x.shape
    place = torch.arange(start, start + t)

    def heads(y, n):
        return y.unflatten(-1, (n, -1)).transpose(1, 2)

    q = apply_rotary(heads(attention.q_proj(x), config.n_heads), place, config.rope_base)
    k = apply_rotary(heads(attention.k_proj(x), config.n_kv_heads), place, config.rope_base)
    k, v = cache.append(k, heads(attention.v_proj(x), config.n_kv_heads))
    where = torch.arange(start + t - k.size(-2), start + t)
    ago = place.unsqueeze(1) - where.unsqueeze(0)
    seen = ago >= 0
    if config.window is not None:
        seen &= ago < config.window
    copies = config.n_heads // config.n_kv_heads
    k, v = (y[:, :, None].expand(-1, -1, copies, -1, -1).flatten(1, 2) for y in (k, v))
    out = F.scaled_dot_product_attention(q, k, v, attn_mask=seen)
    return attention.out_proj(out.transpose(1, 2).flatten(2))


class CachedRotaryAttention(torch.nn.Module):
    def __init__(self, attention, config):
        super().__init__()
        self.attention = attention
        self.config = config

    def forward(self, x, start, cache):
        return attend(self.attention, self.config, x, start, cache)


class CachedLlama:
    def __init__(self, model):
        self.m = model
        self.reset()

    def reset(self):
        self.seen = 0
        self.caches = [RollingCache(self.m.config.window) for _ in self.m.blocks]

    @property
    def length(self):
        return self.seen

    def prefill(self, ids):
        total = self.seen + ids.shape[-1]
        if total > self.m.config.max_len:
            raise ValueError(f"{total} > max_len")
        with torch.inference_mode():
            h = self.m.token_embedding(ids)
            for layer, cache in zip(self.m.blocks, self.caches):
                h = h + attend(layer.attention, self.m.config, layer.norm1(h), self.seen, cache)
                h = h + layer.feed_forward(layer.norm2(h))
            logits = self.m.head(self.m.norm(h))
        self.seen = total
        return logits

    def decode(self, ids):
        return self.prefill(ids[..., None]).squeeze(1)
