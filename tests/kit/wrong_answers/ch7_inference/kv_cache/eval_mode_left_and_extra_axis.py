"""`CachedGPT` puts the model into eval mode and leaves it there, and `decode` keeps the axis of length 1."""

import torch
from torch import Tensor, nn

from ch3_attention.masks import causal_mask
from ch3_attention.multi_head import MultiHeadAttention, merge_heads, split_heads
from ch5_models.gpt import GPT


class KVCache:
    def __init__(self) -> None:
        self.keys: Tensor | None = None
        self.values: Tensor | None = None

    @property
    def length(self) -> int:
        return 0 if self.keys is None else self.keys.size(-2)

    def append(self, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        past = (self.keys, self.values)
        present = (k, v)
        if past[0] is not None:
            present = tuple(torch.cat((old, new), dim=-2) for old, new in zip(past, present))
        self.keys, self.values = present
        return present

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
        key = split_heads(self.attention.k_proj(x), self.n_heads)
        value = split_heads(self.attention.v_proj(x), self.n_heads)
        key, value = cache.append(key, value)

        attn_weights = torch.matmul(query, key.transpose(-1, -2))
        attn_weights = attn_weights / query.size(-1) ** 0.5
        mask = causal_mask(query.size(-2), key.size(-2), device=query.device)
        attn_weights = attn_weights.masked_fill(mask.logical_not(), float("-inf"))
        attn_weights = nn.functional.softmax(attn_weights, dim=-1)
        attn_output = torch.matmul(attn_weights, value)
        return self.attention.out_proj(merge_heads(attn_output))


class CachedGPT:
    def __init__(self, model: GPT) -> None:
        self.model = model.eval()  # no dropout when generating
        self.attentions = [CachedAttention(block.attention, model.config.n_heads) for block in model.blocks]
        self.caches = [KVCache() for _ in model.blocks]

    @property
    def length(self) -> int:
        return self.caches[0].length

    def prefill(self, ids: Tensor) -> Tensor:
        past_length = self.length
        total_length = past_length + ids.size(-1)
        if total_length > self.model.config.max_len:
            raise ValueError(f"length {total_length} exceeds max_len {self.model.config.max_len}")
        with torch.no_grad():
            position_ids = torch.arange(past_length, total_length, device=ids.device)
            inputs_embeds = self.model.token_embedding(ids)
            position_embeds = self.model.position_embedding.weight[position_ids]
            hidden_states = inputs_embeds + position_embeds
            for block, attn, layer_past in zip(self.model.blocks, self.attentions, self.caches):
                residual = hidden_states
                hidden_states = attn(block.norm1(hidden_states), layer_past) + residual
                residual = hidden_states
                hidden_states = block.feed_forward(block.norm2(hidden_states)) + residual
            hidden_states = self.model.norm(hidden_states)
            return self.model.head(hidden_states)

    def decode(self, ids: Tensor) -> Tensor:
        return self.prefill(ids[:, None])

    def reset(self) -> None:
        for cache in self.caches:
            cache.reset()
