"""`RollingCache.append` keeps a slice of the joined tensors, not a clone, so the memory of the whole is held on to."""

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
        all_keys, all_values = super().append(k, v)
        if self.window is not None:
            self.keys = all_keys[:, :, -self.window :]
            self.values = all_values[:, :, -self.window :]
        return all_keys, all_values


class CachedRotaryAttention(nn.Module):
    def __init__(self, attention: nn.Module, config: LlamaConfig) -> None:
        super().__init__()
        self.attention = attention
        self.config = config

    def forward(self, x: Tensor, start: int, cache: RollingCache) -> Tensor:
        cfg = self.config
        n_rep = cfg.n_heads // cfg.n_kv_heads
        end = start + x.size(1)
        pos = torch.arange(start, end, device=x.device)

        xq = split_heads(self.attention.q_proj(x), cfg.n_heads)
        xk = split_heads(self.attention.k_proj(x), cfg.n_kv_heads)
        xv = split_heads(self.attention.v_proj(x), cfg.n_kv_heads)
        xq = apply_rotary(xq, pos, base=cfg.rope_base)
        xk = apply_rotary(xk, pos, base=cfg.rope_base)

        keys, values = cache.append(xk, xv)
        key_pos = torch.arange(end - keys.size(2), end, device=x.device)
        distance = pos.unsqueeze(1) - key_pos.unsqueeze(0)
        mask = distance >= 0
        if cfg.window is not None:
            mask &= distance < cfg.window

        keys = torch.repeat_interleave(keys, n_rep, dim=1)
        values = torch.repeat_interleave(values, n_rep, dim=1)
        output, _ = scaled_dot_product_attention(xq, keys, values, mask)
        return self.attention.out_proj(merge_heads(output))


class CachedLlama:
    def __init__(self, model: Llama) -> None:
        self.model = model
        self.attentions = [CachedRotaryAttention(layer.attention, model.config) for layer in model.blocks]
        self.caches = [RollingCache(model.config.window) for _ in model.blocks]
        self.n_read = 0

    @property
    def length(self) -> int:
        return self.n_read

    @torch.no_grad()
    def prefill(self, ids: Tensor) -> Tensor:
        start_pos = self.n_read
        seqlen = start_pos + ids.size(1)
        if seqlen > self.model.config.max_len:
            raise ValueError(f"{seqlen} tokens exceed max_len = {self.model.config.max_len}")
        h = self.model.token_embedding(ids)
        for layer, attention, cache in zip(self.model.blocks, self.attentions, self.caches):
            h = h + attention(layer.norm1(h), start_pos, cache)
            h = h + layer.feed_forward(layer.norm2(h))
        self.n_read = seqlen
        return self.model.head(self.model.norm(h))

    def decode(self, ids: Tensor) -> Tensor:
        return self.prefill(ids.unsqueeze(1)).squeeze(1)

    def reset(self) -> None:
        self.n_read = 0
        for cache in self.caches:
            cache.reset()
