"""A tuple of past keys and values for each layer, einsum for the products, float32 scores, eval mode given back."""

import math

import torch


class KVCache:
    def __init__(self):
        self.past = []

    @property
    def length(self):
        return sum(k.shape[-2] for k, _ in self.past)

    @property
    def keys(self):
        return torch.cat([k for k, _ in self.past], -2) if self.past else None

    @property
    def values(self):
        return torch.cat([v for _, v in self.past], -2) if self.past else None

    def append(self, k, v):
        self.past.append((k, v))
        return self.keys, self.values

    def reset(self):
        del self.past[:]


class CachedAttention(torch.nn.Module):
    def __init__(self, attention, n_heads):
        super().__init__()
        self.inner = [attention]
        self.h = n_heads

    def forward(self, x, cache):
        (attn,) = self.inner
        B, T, C = x.shape
        q, k, v = (
            p(x).reshape(B, T, self.h, C // self.h).transpose(1, 2) for p in (attn.q_proj, attn.k_proj, attn.v_proj)
        )
        K, V = cache.append(k, v)
        S = K.shape[-2]
        att = torch.einsum("bhtd,bhsd->bhts", q, K) / math.sqrt(C // self.h)
        att = att + torch.full((T, S), float("-inf"), dtype=att.dtype).triu(S - T + 1)
        y = torch.einsum("bhts,bhsd->bhtd", att.softmax(-1), V)
        return attn.out_proj(y.transpose(1, 2).reshape(B, T, C))


class CachedGPT:
    def __init__(self, model):
        self.gpt = model
        self.caches = [KVCache() for _ in range(model.config.n_layers)]

    @property
    def length(self):
        return self.caches[-1].length

    @torch.no_grad()
    def prefill(self, ids):
        gpt, past = self.gpt, self.length
        total = past + ids.size(-1)
        if not total <= gpt.config.max_len:
            raise ValueError("cannot hold %d tokens" % total)
        was_training = gpt.training
        h = gpt.token_embedding(ids) + gpt.position_embedding.weight.narrow(0, past, total - past)
        for cache, block in zip(self.caches, gpt.blocks):
            h = h + CachedAttention(block.attention, gpt.config.n_heads)(block.norm1(h), cache)
            h = h + block.feed_forward(block.norm2(h))
        assert gpt.training == was_training
        return gpt.head(gpt.norm(h))

    def decode(self, ids):
        return self.prefill(ids.reshape(-1, 1))[:, -1, :]

    def reset(self):
        for cache in self.caches:
            cache.reset()
