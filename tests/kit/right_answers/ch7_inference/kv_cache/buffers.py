"""Growing buffers in place of concatenation, torch's own attention, one fused projection, einsum-free reshaping."""

import torch
import torch.nn.functional as F
from torch import nn

from ch3_attention.multi_head import MultiHeadAttention  # noqa: F401
from ch5_models.gpt import GPT, GPTConfig  # noqa: F401


class KVCache:
    def __init__(self):
        self.reset()

    def reset(self):
        self.length = 0
        self.key_room = self.value_room = None

    @property
    def keys(self):
        return None if self.key_room is None else self.key_room[:, :, : self.length]

    @property
    def values(self):
        return None if self.value_room is None else self.value_room[:, :, : self.length]

    def append(self, k, v):
        stop = self.length + k.size(2)
        if self.key_room is None:
            self.key_room, self.value_room = k.clone(), v.clone()
        elif stop > self.key_room.size(2):
            self.key_room, self.value_room = (
                torch.cat([room, torch.zeros_like(room[:, :, :1]).expand(-1, -1, stop, -1)], 2)
                for room in (self.key_room, self.value_room)
            )
        self.key_room[:, :, self.length : stop] = k
        self.value_room[:, :, self.length : stop] = v
        self.length = stop
        return self.keys, self.values


class CachedAttention(nn.Module):
    def __init__(self, attention, n_heads):
        super().__init__()
        self.attention, self.n_heads = attention, n_heads

    def forward(self, x, cache):
        batch, t, d_model = x.shape
        a = self.attention
        weight = torch.cat([a.q_proj.weight, a.k_proj.weight, a.v_proj.weight])
        bias = torch.cat([a.q_proj.bias, a.k_proj.bias, a.v_proj.bias])
        q, k, v = F.linear(x, weight, bias).view(batch, t, 3, self.n_heads, -1).permute(2, 0, 3, 1, 4)
        keys, values = cache.append(k, v)
        allowed = torch.arange(cache.length) <= torch.arange(cache.length - t, cache.length).unsqueeze(1)
        mixed = F.scaled_dot_product_attention(q, keys, values, attn_mask=allowed)
        return a.out_proj(mixed.transpose(1, 2).reshape(batch, t, d_model))


class CachedGPT(nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model
        self.layers = nn.ModuleList(CachedAttention(b.attention, model.config.n_heads) for b in model.blocks)
        self.caches = [KVCache() for _ in self.layers]
        self.length = 0

    @torch.inference_mode()
    def prefill(self, ids):
        t = ids.size(1)
        if self.length + t > self.model.config.max_len:
            raise ValueError(f"{self.length + t} positions, and the model has {self.model.config.max_len}")
        places = torch.arange(self.length, self.length + t)
        x = self.model.token_embedding(ids) + F.embedding(places, self.model.position_embedding.weight)
        for i, block in enumerate(self.model.blocks):
            x = x + self.layers[i](block.norm1(x), self.caches[i])
            x = x + block.feed_forward(block.norm2(x))
        self.length += t
        return F.linear(self.model.norm(x), self.model.token_embedding.weight)

    def decode(self, ids):
        return self.prefill(ids.unsqueeze(1)).squeeze(1)

    def reset(self):
        self.length = 0
        self.caches = [KVCache() for _ in self.layers]
