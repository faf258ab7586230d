"""`CachedAttention` builds its causal mask from the top left: query i sees key i at most, not the old positions too."""

import math

import torch
from torch import nn

from ch3_attention.multi_head import MultiHeadAttention
from ch5_models.gpt import GPT


class KVCache:
    def __init__(self):
        self.keys = None
        self.values = None

    @property
    def length(self):
        if self.keys is None:
            return 0
        return self.keys.size(2)

    def append(self, k, v):
        if self.keys is not None:
            k = torch.cat([self.keys, k], dim=2)
            v = torch.cat([self.values, v], dim=2)
        self.keys = k
        self.values = v
        return self.keys, self.values

    def reset(self):
        self.keys = None
        self.values = None


class CachedAttention(nn.Module):
    def __init__(self, attention: MultiHeadAttention, n_heads: int):
        super().__init__()
        self.attention = attention
        self.n_heads = n_heads

    def forward(self, x, cache):
        B, T, C = x.size()
        att = self.attention
        # (B, T, C) -> (B, nh, T, hs)
        q = att.q_proj(x).view(B, T, self.n_heads, C // self.n_heads).transpose(1, 2)
        k = att.k_proj(x).view(B, T, self.n_heads, C // self.n_heads).transpose(1, 2)
        v = att.v_proj(x).view(B, T, self.n_heads, C // self.n_heads).transpose(1, 2)
        k, v = cache.append(k, v)
        S = k.size(2)
        scores = (q @ k.transpose(-2, -1)) / math.sqrt(k.size(-1))
        bias = torch.tril(torch.ones(T, S, device=x.device)).view(1, 1, T, S)
        scores = scores.masked_fill(bias == 0, float("-inf"))
        y = torch.softmax(scores, dim=-1) @ v
        y = y.transpose(1, 2).contiguous().view(B, T, C)
        return att.out_proj(y)


class CachedGPT:
    def __init__(self, model: GPT):
        self.model = model
        n_head = model.config.n_heads
        self.attentions = [CachedAttention(block.attention, n_head) for block in model.blocks]
        self.caches = [KVCache() for _ in range(model.config.n_layers)]

    @property
    def length(self):
        return self.caches[-1].length

    @torch.no_grad()
    def prefill(self, ids):
        b, t = ids.size()
        past = self.length
        if past + t > self.model.config.max_len:
            raise ValueError(f"sequence of length {past + t}, but max_len is only {self.model.config.max_len}")
        tok_emb = self.model.token_embedding(ids)
        pos_emb = self.model.position_embedding.weight[past : past + t]
        x = tok_emb + pos_emb
        for block, attn, cache in zip(self.model.blocks, self.attentions, self.caches):
            x = x + attn(block.norm1(x), cache)
            x = x + block.feed_forward(block.norm2(x))
        x = self.model.norm(x)
        return self.model.head(x)

    def decode(self, ids):
        logits = self.prefill(ids[:, None])
        return logits[:, -1, :]

    def reset(self):
        for cache in self.caches:
            cache.reset()
