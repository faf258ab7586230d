"""`CachedGPT.prefill` adds the first t rows of the position table in every call, not those behind what was read."""

import torch
from torch import Tensor, nn

from ch3_attention.masks import causal_mask
from ch3_attention.multi_head import MultiHeadAttention, merge_heads, split_heads
from ch3_attention.scaled_dot_product import scaled_dot_product_attention
from ch5_models.gpt import GPT


class KVCache:
    def __init__(self) -> None:
        self.reset()

    @property
    def length(self) -> int:
        return self.keys.shape[-2] if self.keys is not None else 0

    def append(self, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        old_keys = [] if self.keys is None else [self.keys]
        old_values = [] if self.values is None else [self.values]
        self.keys = torch.cat([*old_keys, k], dim=-2)
        self.values = torch.cat([*old_values, v], dim=-2)
        return self.keys, self.values

    def reset(self) -> None:
        self.keys: Tensor | None = None
        self.values: Tensor | None = None


class CachedAttention(nn.Module):
    def __init__(self, attention: MultiHeadAttention, n_heads: int) -> None:
        super().__init__()
        self.attention, self.n_heads = attention, n_heads

    def forward(self, x: Tensor, cache: KVCache) -> Tensor:
        q, k, v = (
            split_heads(proj(x), self.n_heads)
            for proj in (self.attention.q_proj, self.attention.k_proj, self.attention.v_proj)
        )
        k_all, v_all = cache.append(k, v)
        mask = causal_mask(x.shape[1], cache.length, device=x.device)
        context, _weights = scaled_dot_product_attention(q, k_all, v_all, mask)
        return self.attention.out_proj(merge_heads(context))


class CachedGPT:
    def __init__(self, model: GPT) -> None:
        self.model = model
        self.layers = [(b, CachedAttention(b.attention, model.config.n_heads)) for b in model.blocks]
        self.caches = [KVCache() for _ in self.layers]

    @property
    def length(self) -> int:
        return self.caches[0].length

    def prefill(self, ids: Tensor) -> Tensor:
        new_length = self.length + ids.shape[1]
        if new_length > self.model.config.max_len:
            raise ValueError(f"{new_length} tokens do not fit into max_len = {self.model.config.max_len}")
        with torch.no_grad():
            x = self.model.position_embedding(self.model.token_embedding(ids))
            for (block, attention), cache in zip(self.layers, self.caches):
                x = x + attention(block.norm1(x), cache)
                x = x + block.feed_forward(block.norm2(x))
            return self.model.head(self.model.norm(x))

    def decode(self, ids: Tensor) -> Tensor:
        return self.prefill(ids.view(-1, 1))[:, 0, :]

    def reset(self) -> None:
        for cache in self.caches:
            cache.reset()
