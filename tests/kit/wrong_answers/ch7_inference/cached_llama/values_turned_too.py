"""`CachedRotaryAttention` turns the values by their positions as well; only queries and keys should be turned."""

import torch
from torch import Tensor, einsum, nn

from ch3_attention.multi_head import merge_heads, split_heads
from ch3_attention.rotary import apply_rotary
from ch5_models.llama import Llama, LlamaConfig
from ch7_inference.kv_cache import KVCache


def exists(val):
    return val is not None


class RollingCache(KVCache):
    def __init__(self, window: int | None = None) -> None:
        super().__init__()
        self.window = window

    def append(self, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        k, v = super().append(k, v)
        if exists(self.window):
            self.keys, self.values = (t[..., -self.window :, :].clone() for t in (k, v))
        return k, v


class CachedRotaryAttention(nn.Module):
    def __init__(self, attention: nn.Module, config: LlamaConfig) -> None:
        super().__init__()
        self.attention = attention
        self.config = config

    def forward(self, x: Tensor, start: int, cache: RollingCache) -> Tensor:
        n, kv_h = x.shape[1], self.config.n_kv_heads
        seq = torch.arange(start, start + n, device=x.device)

        q = split_heads(self.attention.q_proj(x), self.config.n_heads)
        k = split_heads(self.attention.k_proj(x), kv_h)
        v = split_heads(self.attention.v_proj(x), kv_h)
        q, k, v = (apply_rotary(t, seq, self.config.rope_base) for t in (q, k, v))
        k, v = cache.append(k, v)

        # the query heads of a group stand side by side
        q = q.unflatten(1, (kv_h, -1)) * q.shape[-1] ** -0.5
        sim = einsum("b h g i d, b h j d -> b h g i j", q, k)

        j = k.shape[-2]
        key_seq = torch.arange(start + n - j, start + n, device=x.device)
        dist = seq[:, None] - key_seq[None, :]
        hidden = dist < 0
        if exists(self.config.window):
            hidden = hidden | (dist >= self.config.window)
        sim = sim.masked_fill(hidden, -torch.inf)

        attn = sim.softmax(dim=-1)
        out = einsum("b h g i j, b h j d -> b h g i d", attn, v)
        return self.attention.out_proj(merge_heads(out.flatten(1, 2)))


class CachedLlama:
    def __init__(self, model: Llama) -> None:
        self.model = model
        self.attns = [CachedRotaryAttention(block.attention, model.config) for block in model.blocks]
        self.caches = [RollingCache(model.config.window) for _ in model.blocks]
        self.num_tokens = 0

    @property
    def length(self) -> int:
        return self.num_tokens

    @torch.no_grad()
    def prefill(self, ids: Tensor) -> Tensor:
        start, end = self.num_tokens, self.num_tokens + ids.shape[-1]
        max_len = self.model.config.max_len
        if end > max_len:
            raise ValueError(f"{end} tokens are too many, max_len is {max_len}")

        x = self.model.token_embedding(ids)
        for block, attn, cache in zip(self.model.blocks, self.attns, self.caches):
            x = attn(block.norm1(x), start, cache) + x
            x = block.feed_forward(block.norm2(x)) + x
        self.num_tokens = end
        return self.model.head(self.model.norm(x))

    def decode(self, ids: Tensor) -> Tensor:
        return self.prefill(ids[:, None])[:, 0]

    def reset(self) -> None:
        for cache in self.caches:
            cache.reset()
        self.num_tokens = 0
