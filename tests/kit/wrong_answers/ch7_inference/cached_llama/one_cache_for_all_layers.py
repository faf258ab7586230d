"""`CachedLlama` makes one `RollingCache` and lists it once per block, so all layers write into the same cache."""

import torch
from torch import Tensor, nn

from ch3_attention.multi_head import merge_heads, split_heads
from ch3_attention.rotary import apply_rotary
from ch3_attention.scaled_dot_product import scaled_dot_product_attention
from ch5_models.llama import Llama, LlamaConfig
from ch7_inference.kv_cache import KVCache


class RollingCache(KVCache):
    """KVCache that forgets what is further back than the window."""

    def __init__(self, window: int | None = None) -> None:
        super().__init__()
        self.window = window

    def append(self, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        joined = super().append(k, v)
        if self.window is not None and self.length > self.window:
            self.keys = joined[0].narrow(2, self.length - self.window, self.window).clone()
            self.values = joined[1].narrow(2, joined[1].shape[2] - self.window, self.window).clone()
        return joined


class CachedRotaryAttention(nn.Module):
    def __init__(self, attention: nn.Module, config: LlamaConfig) -> None:
        super().__init__()
        self.attention = attention
        self.config = config

    def forward(self, x: Tensor, start: int, cache: RollingCache) -> Tensor:
        c = self.config
        positions = start + torch.arange(x.shape[1], device=x.device)
        queries = apply_rotary(split_heads(self.attention.q_proj(x), c.n_heads), positions, c.rope_base)
        new_keys = apply_rotary(split_heads(self.attention.k_proj(x), c.n_kv_heads), positions, c.rope_base)
        new_values = split_heads(self.attention.v_proj(x), c.n_kv_heads)
        keys, values = cache.append(new_keys, new_values)

        offsets = torch.arange(1 - keys.shape[2], 1, device=x.device)  # the last key is the last new position
        distances = positions[:, None] - (start + x.shape[1] - 1 + offsets)
        mask = distances >= 0
        if c.window is not None:
            mask = mask & (distances <= c.window - 1)

        n = c.n_heads // c.n_kv_heads
        keys, values = (y.repeat_interleave(n, dim=1) for y in (keys, values))
        attended, _ = scaled_dot_product_attention(queries, keys, values, mask)
        return self.attention.out_proj(merge_heads(attended))


class CachedLlama:
    def __init__(self, model: Llama) -> None:
        self.model = model
        self.attentions = [CachedRotaryAttention(block.attention, model.config) for block in model.blocks]
        self.caches = [RollingCache(model.config.window)] * len(model.blocks)
        self.position = 0

    @property
    def length(self) -> int:
        return self.position

    @torch.no_grad()
    def prefill(self, ids: Tensor) -> Tensor:
        end = self.position + ids.shape[1]
        if end > self.model.config.max_len:
            raise ValueError(f"{end} tokens would be more than the {self.model.config.max_len} of max_len")
        x = self.model.token_embedding(ids)
        for block, attention, cache in zip(self.model.blocks, self.attentions, self.caches):
            x = x + attention(block.norm1(x), self.position, cache)
            x = x + block.feed_forward(block.norm2(x))
        self.position = end
        return self.model.head(self.model.norm(x))

    def decode(self, ids: Tensor) -> Tensor:
        logits = self.prefill(ids.unsqueeze(-1))
        return logits.select(1, 0)

    def reset(self) -> None:
        self.position = 0
        for cache in self.caches:
            cache.reset()
