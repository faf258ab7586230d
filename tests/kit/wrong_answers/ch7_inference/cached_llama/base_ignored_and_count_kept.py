"""`CachedRotaryAttention` ignores `config.rope_base` (always 10000), and `CachedLlama.reset` keeps the old count."""

import torch
from torch import Tensor, nn

from ch3_attention.multi_head import merge_heads, split_heads
from ch3_attention.rotary import apply_rotary
from ch3_attention.scaled_dot_product import scaled_dot_product_attention
from ch5_models.llama import Llama, LlamaConfig
from ch7_inference.kv_cache import KVCache


class RollingCache(KVCache):
    def __init__(self, window: int | None = None) -> None:
        super().__init__()
        self.window = window

    def append(self, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        seen = super().append(k, v)
        if self.window is not None:
            self.keys, self.values = [t[:, :, -self.window :].clone() for t in seen]
        return seen


class CachedRotaryAttention(nn.Module):
    def __init__(self, attention: nn.Module, config: LlamaConfig) -> None:
        super().__init__()
        self.attention = attention
        self.config = config

    def forward(self, x: Tensor, start: int, cache: RollingCache) -> Tensor:
        batch, t, d_model = x.shape
        config = self.config
        repeats = config.n_heads // config.n_kv_heads
        now = torch.arange(start, start + t, device=x.device)

        q = apply_rotary(split_heads(self.attention.q_proj(x), config.n_heads), now)
        k = apply_rotary(split_heads(self.attention.k_proj(x), config.n_kv_heads), now)
        v = split_heads(self.attention.v_proj(x), config.n_kv_heads)
        k, v = cache.append(k, v)
        seen = k.shape[2]
        then = torch.arange(start + t - seen, start + t, device=x.device)

        allowed = then.expand(t, seen) <= now.unsqueeze(1)
        if config.window is not None:
            allowed = allowed & (then.expand(t, seen) + config.window > now.unsqueeze(1))

        # (batch, kv heads, 1, seen, d_head) -> (batch, kv heads, repeats, seen, d_head) -> (batch, heads, ...)
        k = k.unsqueeze(2).expand(-1, -1, repeats, -1, -1).reshape(batch, config.n_heads, seen, -1)
        v = v.unsqueeze(2).expand(-1, -1, repeats, -1, -1).reshape(batch, config.n_heads, seen, -1)
        y, _ = scaled_dot_product_attention(q, k, v, allowed)
        return self.attention.out_proj(merge_heads(y))


class CachedLlama:
    def __init__(self, model: Llama) -> None:
        self.model = model
        self.attns = nn.ModuleList(CachedRotaryAttention(block.attention, model.config) for block in model.blocks)
        self.caches = [RollingCache(model.config.window) for _ in model.blocks]
        self.n_tokens = 0

    @property
    def length(self) -> int:
        return self.n_tokens

    @torch.no_grad()
    def prefill(self, ids: Tensor) -> Tensor:
        begin = self.n_tokens
        end = begin + ids.shape[1]
        if end > self.model.config.max_len:
            raise ValueError(f"length {end} is above max_len {self.model.config.max_len}")
        x = self.model.token_embedding(ids)
        for block, attn, cache in zip(self.model.blocks, self.attns, self.caches):
            x = x + attn(block.norm1(x), begin, cache)
            x = x + block.feed_forward(block.norm2(x))
        self.n_tokens = end
        return self.model.head(self.model.norm(x))

    def decode(self, ids: Tensor) -> Tensor:
        return self.prefill(ids.reshape(-1, 1))[:, 0]

    def reset(self) -> None:
        for cache in self.caches:
            cache.reset()
