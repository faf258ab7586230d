"""`KVCache.append` keeps the joined keys and values but returns only the new ones, so old tokens are not seen."""

import torch
from torch import Tensor, nn

from ch3_attention.masks import causal_mask
from ch3_attention.multi_head import MultiHeadAttention, merge_heads, split_heads
from ch3_attention.scaled_dot_product import scaled_dot_product_attention
from ch5_models.gpt import GPT


class KVCache:
    def __init__(self) -> None:
        self.keys: Tensor | None = None
        self.values: Tensor | None = None

    @property
    def length(self) -> int:
        return 0 if self.keys is None else self.keys.shape[2]

    def append(self, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        if self.keys is None:
            self.keys = k
            self.values = v
        else:
            self.keys = torch.cat((self.keys, k), dim=-2)
            self.values = torch.cat((self.values, v), dim=-2)
        return k, v

    def reset(self) -> None:
        self.keys = None
        self.values = None


class CachedAttention(nn.Module):
    def __init__(self, attention: MultiHeadAttention, n_heads: int) -> None:
        super().__init__()
        self.attention = attention
        self.n_heads = n_heads

    def forward(self, x: Tensor, cache: KVCache) -> Tensor:
        query = split_heads(self.attention.q_proj(x), self.n_heads)
        key, value = cache.append(
            split_heads(self.attention.k_proj(x), self.n_heads),
            split_heads(self.attention.v_proj(x), self.n_heads),
        )
        mask = causal_mask(query.size(-2), key.size(-2), device=x.device)
        output, _ = scaled_dot_product_attention(query, key, value, mask=mask)
        return self.attention.out_proj(merge_heads(output))


class CachedGPT:
    def __init__(self, model: GPT) -> None:
        self.model = model
        self.attentions, self.caches = [], []
        for block in model.blocks:
            self.attentions.append(CachedAttention(block.attention, model.config.n_heads))
            self.caches.append(KVCache())

    @property
    def length(self) -> int:
        return self.caches[0].length

    @torch.no_grad()
    def prefill(self, ids: Tensor) -> Tensor:
        past = self.length
        total = past + ids.size(1)
        if total > self.model.config.max_len:
            raise ValueError(f"cannot read {total} tokens, max_len is {self.model.config.max_len}")
        positions = torch.arange(past, total, device=ids.device)
        h = self.model.token_embedding(ids) + self.model.position_embedding.weight[positions]
        for i, block in enumerate(self.model.blocks):
            h = h + self.attentions[i](block.norm1(h), self.caches[i])
            h = h + block.feed_forward(block.norm2(h))
        return self.model.head(self.model.norm(h))

    def decode(self, ids: Tensor) -> Tensor:
        return self.prefill(ids.unsqueeze(1)).squeeze(1)

    def reset(self) -> None:
        for cache in self.caches:
            cache.reset()
