"""`CachedGPT` keeps a deep copy of the model, so its answers do not change when the model's weights do."""

import copy

import torch
from torch import Tensor, nn

from ch3_attention.masks import causal_mask
from ch3_attention.multi_head import MultiHeadAttention, merge_heads, split_heads
from ch3_attention.scaled_dot_product import scaled_dot_product_attention
from ch5_models.gpt import GPT


class KVCache:
    """Grows by concatenation; None until the first append."""

    def __init__(self) -> None:
        self.keys: Tensor | None = None
        self.values: Tensor | None = None

    @property
    def length(self) -> int:
        return 0 if self.keys is None else self.keys.shape[2]

    def append(self, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        self.keys = k if self.keys is None else torch.cat([self.keys, k], dim=2)
        self.values = v if self.values is None else torch.cat([self.values, v], dim=2)
        return self.keys, self.values

    def reset(self) -> None:
        self.keys = None
        self.values = None


class CachedAttention(nn.Module):
    def __init__(self, attention: MultiHeadAttention, n_heads: int) -> None:
        super().__init__()
        self.attention = attention
        self.n_heads = n_heads

    def _heads(self, projection: nn.Linear, x: Tensor) -> Tensor:
        return split_heads(projection(x), self.n_heads)

    def forward(self, x: Tensor, cache: KVCache) -> Tensor:
        q = self._heads(self.attention.q_proj, x)
        k, v = cache.append(self._heads(self.attention.k_proj, x), self._heads(self.attention.v_proj, x))
        mask = causal_mask(q_len=q.shape[2], k_len=k.shape[2], device=x.device)
        return self.attention.out_proj(merge_heads(scaled_dot_product_attention(q, k, v, mask)[0]))


class CachedGPT:
    def __init__(self, model: GPT) -> None:
        # our own model, so that eval() does not touch the mode of the caller's
        self.model = copy.deepcopy(model)
        self.model.eval()
        self.attentions = [CachedAttention(block.attention, model.config.n_heads) for block in self.model.blocks]
        self.caches = [KVCache() for _ in self.model.blocks]

    @property
    def length(self) -> int:
        return self.caches[0].length

    def prefill(self, ids: Tensor) -> Tensor:
        first = self.length
        end = first + ids.shape[1]
        if end > self.model.config.max_len:
            raise ValueError(f"{end} tokens in all, but the model has {self.model.config.max_len} positions")
        with torch.no_grad():
            hidden = self.model.token_embedding(ids) + self.model.position_embedding.weight[first:end]
            for layer, block in enumerate(self.model.blocks):
                hidden = hidden + self.attentions[layer](block.norm1(hidden), self.caches[layer])
                hidden = hidden + block.feed_forward(block.norm2(hidden))
            return self.model.head(self.model.norm(hidden))

    def decode(self, ids: Tensor) -> Tensor:
        return self.prefill(ids.unsqueeze(-1)).squeeze(1)

    def reset(self) -> None:
        for cache in self.caches:
            cache.reset()
