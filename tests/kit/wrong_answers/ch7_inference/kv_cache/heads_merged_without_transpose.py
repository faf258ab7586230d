"""`CachedAttention` merges the heads by a reshape alone, without swapping heads and positions back first."""

import torch
from torch import Tensor, einsum, nn

from ch3_attention.multi_head import MultiHeadAttention
from ch5_models.gpt import GPT


def exists(val):
    return val is not None


class KVCache:
    def __init__(self) -> None:
        self.keys: Tensor | None = None
        self.values: Tensor | None = None

    @property
    def length(self) -> int:
        return self.keys.shape[2] if exists(self.keys) else 0

    def append(self, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        if exists(self.keys):
            k = torch.cat((self.keys, k), dim=2)
            v = torch.cat((self.values, v), dim=2)
        self.keys, self.values = k, v
        return k, v

    def reset(self) -> None:
        self.keys = self.values = None


class CachedAttention(nn.Module):
    def __init__(self, attention: MultiHeadAttention, n_heads: int) -> None:
        super().__init__()
        self.attention = attention
        self.n_heads = n_heads

    def forward(self, x: Tensor, cache: KVCache) -> Tensor:
        b, n, dim = x.shape
        h = self.n_heads
        scale = (dim // h) ** -0.5

        q, k, v = (to(x) for to in (self.attention.q_proj, self.attention.k_proj, self.attention.v_proj))
        q, k, v = (t.reshape(b, n, h, dim // h).transpose(1, 2) for t in (q, k, v))
        k, v = cache.append(k, v)

        i, j = n, k.shape[2]
        sim = einsum("b h i d, b h j d -> b h i j", q, k) * scale
        future = torch.ones((i, j), dtype=torch.bool, device=x.device).triu(j - i + 1)
        sim = sim.masked_fill(future, -torch.inf)
        attn = sim.softmax(dim=-1)

        out = einsum("b h i j, b h j d -> b h i d", attn, v)
        out = out.reshape(b, n, dim)
        return self.attention.out_proj(out)


class CachedGPT:
    def __init__(self, model: GPT) -> None:
        self.model = model
        heads = model.config.n_heads
        self.attns = [CachedAttention(block.attention, heads) for block in model.blocks]
        self.caches = [KVCache() for _ in model.blocks]

    @property
    def length(self) -> int:
        return self.caches[0].length

    @torch.no_grad()
    def prefill(self, ids: Tensor) -> Tensor:
        offset, n = self.length, ids.shape[1]
        max_len = self.model.config.max_len
        if offset + n > max_len:
            raise ValueError(f"a text of {offset + n} tokens is too long, at most {max_len} fit")

        pos = torch.arange(offset, offset + n, device=ids.device)
        x = self.model.token_embedding(ids) + self.model.position_embedding.weight[pos]
        for block, attn, cache in zip(self.model.blocks, self.attns, self.caches):
            x = attn(block.norm1(x), cache) + x
            x = block.feed_forward(block.norm2(x)) + x
        return self.model.head(self.model.norm(x))

    def decode(self, ids: Tensor) -> Tensor:
        return self.prefill(ids[:, None])[:, -1]

    def reset(self) -> None:
        for cache in self.caches:
            cache.reset()
