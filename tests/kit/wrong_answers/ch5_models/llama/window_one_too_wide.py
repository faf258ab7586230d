"""`Llama.forward` with a window lets each position see `window` tokens before it besides its own, one too many."""

import dataclasses

import torch
from torch import nn

from ch2_embeddings.embedding import Embedding
from ch3_attention.grouped_query import GroupedQueryAttention
from ch3_attention.multi_head import merge_heads, split_heads
from ch3_attention.rotary import apply_rotary
from ch3_attention.scaled_dot_product import scaled_dot_product_attention
from ch4_blocks.feed_forward import SwiGLU
from ch4_blocks.normalization import RMSNorm
from ch5_models.gpt import initialize_


@dataclasses.dataclass(frozen=True)
class LlamaConfig:
    vocab_size: int
    max_len: int
    d_model: int
    n_layers: int
    n_heads: int
    n_kv_heads: int
    d_ff: int
    rope_base: float = 10000.0
    window: int | None = None
    tied: bool = False


def make_mask(seq, window, device):
    query = torch.arange(seq, device=device).view(-1, 1)
    key = torch.arange(seq, device=device).view(1, -1)
    allowed = key <= query
    if window is not None:
        allowed = allowed & (key >= query - window)
    return allowed


class LlamaAttention(GroupedQueryAttention):
    def __init__(self, d_model, n_heads, n_kv_heads, rope_base=10000.0):
        super().__init__(d_model, n_heads, n_kv_heads)
        self.d_head = d_model // n_heads
        self.group = n_heads // n_kv_heads
        self.rope_base = rope_base
        if self.d_head % 2 != 0:
            raise ValueError(f"cannot rotate d_head = {self.d_head}, it is odd")

    def forward(self, x, mask=None):
        b, n, _ = x.shape
        t = torch.arange(n, device=x.device)
        q, k, v = self.q_proj(x), self.k_proj(x), self.v_proj(x)
        q = apply_rotary(split_heads(q, self.n_heads), t, self.rope_base)
        k = apply_rotary(split_heads(k, self.n_kv_heads), t, self.rope_base)
        v = split_heads(v, self.n_kv_heads)

        # (b, kv, n, d) -> (b, kv, group, n, d) -> (b, heads, n, d)
        k = torch.stack([k] * self.group, dim=2).flatten(1, 2)
        v = torch.stack([v] * self.group, dim=2).flatten(1, 2)

        if mask is not None and mask.ndim == 3:
            mask = mask[:, None]
        out, _ = scaled_dot_product_attention(q, k, v, mask)
        return self.out_proj(merge_heads(out))


class LlamaBlock(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.norm1 = RMSNorm(config.d_model)
        self.attention = LlamaAttention(config.d_model, config.n_heads, config.n_kv_heads, config.rope_base)
        self.norm2 = RMSNorm(config.d_model)
        self.feed_forward = SwiGLU(config.d_model, config.d_ff)

    def forward(self, x, mask=None):
        x = self.attention(self.norm1(x), mask) + x
        x = self.feed_forward(self.norm2(x)) + x
        return x


class Llama(nn.Module):
    def __init__(self, config):
        super().__init__()
        if config.window is not None and config.window < 1:
            raise ValueError(f"window should be 1 or more, got {config.window}")
        self.config = config
        self.token_embedding = Embedding(config.vocab_size, config.d_model)
        self.blocks = nn.ModuleList([])
        for _ in range(config.n_layers):
            self.blocks.append(LlamaBlock(config))
        self.norm = RMSNorm(config.d_model)
        self.head = nn.Linear(config.d_model, config.vocab_size, bias=False)
        if config.tied:
            self.head.weight = self.token_embedding.weight
        initialize_(self)

    def forward(self, ids):
        n, device = ids.shape[1], ids.device
        if n > self.config.max_len:
            raise ValueError(f"sequence of {n} tokens is longer than max_len {self.config.max_len}")
        mask = make_mask(n, self.config.window, device)
        x = self.token_embedding(ids)
        for block in self.blocks:
            x = block(x, mask)
        return self.head(self.norm(x))
