"""`CachedGPT.prefill` refuses exactly `max_len` tokens too: it compares with >= instead of >."""

import math

import torch
from torch import nn

from ch3_attention.masks import causal_mask
from ch3_attention.multi_head import MultiHeadAttention
from ch5_models.gpt import GPT


class KVCache:
    def __init__(self):
        self.keys = None
        self.values = None

    @property
    def length(self):
        return self.keys.shape[2] if self.keys is not None else 0

    def append(self, k, v):
        if self.keys is None:
            self.keys, self.values = k, v
        else:
            self.keys = torch.cat([self.keys, k], 2)
            self.values = torch.cat([self.values, v], 2)
        return self.keys, self.values

    def reset(self):
        self.keys, self.values = None, None


class CachedAttention(nn.Module):
    def __init__(self, attention: MultiHeadAttention, n_heads: int):
        super().__init__()
        self.attention = attention
        self.n_heads = n_heads

    def forward(self, x, cache):
        "Like MultiHeadedAttention, but only the new positions are projected."
        nbatches, t = x.size(0), x.size(1)
        d_k = x.size(-1) // self.n_heads

        # 1) Do all the linear projections in batch from d_model => h x d_k
        query, key, value = [
            lin(x).view(nbatches, t, self.n_heads, d_k).transpose(1, 2)
            for lin in (self.attention.q_proj, self.attention.k_proj, self.attention.v_proj)
        ]

        # 2) Apply attention on all the keys in the cache.
        key, value = cache.append(key, value)
        mask = causal_mask(t, key.size(2), device=x.device)
        scores = torch.matmul(query, key.transpose(-2, -1)) / math.sqrt(d_k)
        p_attn = scores.masked_fill(~mask, float("-inf")).softmax(dim=-1)
        x = torch.matmul(p_attn, value)

        # 3) "Concat" using a view and apply a final linear.
        x = x.transpose(1, 2).contiguous().view(nbatches, t, self.n_heads * d_k)
        return self.attention.out_proj(x)


class CachedGPT:
    def __init__(self, model: GPT):
        self.model = model
        self.attns = [CachedAttention(layer.attention, model.config.n_heads) for layer in model.blocks]
        self.caches = [KVCache() for _ in model.blocks]

    @property
    def length(self):
        return self.caches[0].length

    def prefill(self, ids):
        start = self.length
        stop = start + ids.size(1)
        if stop >= self.model.config.max_len:
            raise ValueError("{} tokens are too many for max_len {}".format(stop, self.model.config.max_len))
        with torch.no_grad():
            x = self.model.token_embedding(ids)
            x = x + self.model.position_embedding.weight[start:stop].unsqueeze(0)
            for layer, attn, cache in zip(self.model.blocks, self.attns, self.caches):
                x = x + attn(layer.norm1(x), cache)
                x = x + layer.feed_forward(layer.norm2(x))
            return self.model.head(self.model.norm(x))

    def decode(self, ids):
        return self.prefill(ids.unsqueeze(1))[:, 0]

    def reset(self):
        for cache in self.caches:
            cache.reset()
