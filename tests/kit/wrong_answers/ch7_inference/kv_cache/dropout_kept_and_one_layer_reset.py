"""`CachedGPT.prefill` applies dropout while the model is in train mode, and `CachedGPT.reset` resets only layer 0."""

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
        if self.keys is None:
            return 0
        return self.keys.shape[2]

    def append(self, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        if self.length == 0:
            self.keys, self.values = k, v
        else:
            self.keys = torch.cat((self.keys, k), dim=2)
            self.values = torch.cat((self.values, v), dim=2)
        return self.keys, self.values

    def reset(self) -> None:
        self.keys = None
        self.values = None


class CachedAttention(nn.Module):
    def __init__(self, attention: MultiHeadAttention, n_heads: int) -> None:
        super().__init__()
        self.attention = attention
        self.n_heads = n_heads

    def forward(self, x: Tensor, cache: KVCache) -> Tensor:
        queries = split_heads(self.attention.q_proj(x), self.n_heads)
        keys = split_heads(self.attention.k_proj(x), self.n_heads)
        values = split_heads(self.attention.v_proj(x), self.n_heads)
        keys, values = cache.append(keys, values)
        num_queries, num_keys = queries.shape[2], keys.shape[2]
        mask = causal_mask(num_queries, num_keys, device=x.device)
        output, _ = scaled_dot_product_attention(queries, keys, values, mask)
        return self.attention.out_proj(merge_heads(output))


class CachedGPT:
    def __init__(self, model: GPT) -> None:
        self.model = model
        self.attentions = [CachedAttention(blk.attention, model.config.n_heads) for blk in model.blocks]
        self.caches = [KVCache() for _ in model.blocks]

    @property
    def length(self) -> int:
        return self.caches[0].length

    @torch.no_grad()
    def prefill(self, ids: Tensor) -> Tensor:
        begin = self.length
        end = begin + ids.shape[1]
        if end > self.model.config.max_len:
            raise ValueError(f"the text would have {end} tokens, more than {self.model.config.max_len}")
        X = self.model.token_embedding(ids) + self.model.position_embedding.weight[begin:end]
        X = self.model.dropout(X)
        for blk, attention, cache in zip(self.model.blocks, self.attentions, self.caches):
            X = X + blk.dropout(attention(blk.norm1(X), cache))
            X = X + blk.dropout(blk.feed_forward(blk.norm2(X)))
        return self.model.head(self.model.norm(X))

    def decode(self, ids: Tensor) -> Tensor:
        return self.prefill(ids.reshape(-1, 1))[:, 0]

    def reset(self) -> None:
        self.caches[0].reset()
