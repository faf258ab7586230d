"""`LlamaAttention.forward` repeats the heads of keys and values as a b a b, so neighbouring query heads share none."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ch2_embeddings.embedding import Embedding
from ch3_attention.grouped_query import GroupedQueryAttention
from ch3_attention.masks import causal_mask
from ch3_attention.multi_head import merge_heads, split_heads
from ch3_attention.rotary import apply_rotary
from ch3_attention.scaled_dot_product import scaled_dot_product_attention
from ch3_attention.sparse import sliding_window_mask
from ch4_blocks.feed_forward import SwiGLU
from ch4_blocks.normalization import RMSNorm
from ch5_models.gpt import initialize_


@dataclass(frozen=True)
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


def repeat_kv(hidden_states: Tensor, n_rep: int) -> Tensor:
    """(batch, n_kv_heads, seq, d_head) -> (batch, n_kv_heads * n_rep, seq, d_head)"""
    batch, num_kv_heads, seq_len, head_dim = hidden_states.shape
    if n_rep == 1:
        return hidden_states
    hidden_states = hidden_states[:, None, :, :, :].expand(batch, n_rep, num_kv_heads, seq_len, head_dim)
    return hidden_states.reshape(batch, num_kv_heads * n_rep, seq_len, head_dim)


class LlamaAttention(GroupedQueryAttention):
    def __init__(self, d_model: int, n_heads: int, n_kv_heads: int, rope_base: float = 10000.0) -> None:
        super().__init__(d_model, n_heads, n_kv_heads)
        self.head_dim = d_model // n_heads
        self.num_key_value_groups = n_heads // n_kv_heads
        self.rope_theta = rope_base
        if self.head_dim % 2 == 1:
            raise ValueError(f"rotary embeddings need an even d_head, not {self.head_dim}")

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        position_ids = torch.arange(x.shape[1], device=x.device)

        query_states = split_heads(self.q_proj(x), self.n_heads)
        key_states = split_heads(self.k_proj(x), self.n_kv_heads)
        value_states = split_heads(self.v_proj(x), self.n_kv_heads)

        query_states = apply_rotary(query_states, position_ids, self.rope_theta)
        key_states = apply_rotary(key_states, position_ids, self.rope_theta)

        key_states = repeat_kv(key_states, self.num_key_value_groups)
        value_states = repeat_kv(value_states, self.num_key_value_groups)

        attention_mask = mask
        if attention_mask is not None and attention_mask.dim() == 3:
            attention_mask = attention_mask.unsqueeze(1)

        attn_output, _ = scaled_dot_product_attention(query_states, key_states, value_states, attention_mask)
        return self.out_proj(merge_heads(attn_output))


class LlamaBlock(nn.Module):
    def __init__(self, config: LlamaConfig) -> None:
        super().__init__()
        self.attention = LlamaAttention(config.d_model, config.n_heads, config.n_kv_heads, config.rope_base)
        self.feed_forward = SwiGLU(config.d_model, config.d_ff)
        self.norm1 = RMSNorm(config.d_model)
        self.norm2 = RMSNorm(config.d_model)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        residual = x
        hidden_states = self.norm1(x)
        hidden_states = self.attention(hidden_states, mask)
        hidden_states = residual + hidden_states

        residual = hidden_states
        hidden_states = self.norm2(hidden_states)
        hidden_states = self.feed_forward(hidden_states)
        return residual + hidden_states


class Llama(nn.Module):
    def __init__(self, config: LlamaConfig) -> None:
        super().__init__()
        if config.window is not None and config.window < 1:
            raise ValueError(f"`window` has to be positive, got {config.window}")
        self.config = config
        self.token_embedding = Embedding(config.vocab_size, config.d_model)
        self.blocks = nn.ModuleList([LlamaBlock(config) for _ in range(config.n_layers)])
        self.norm = RMSNorm(config.d_model)
        self.head = nn.Linear(config.d_model, config.vocab_size, bias=False)
        self.post_init()

    def post_init(self) -> None:
        initialize_(self)
        if self.config.tied:
            self.head.weight = self.token_embedding.weight

    def forward(self, ids: Tensor) -> Tensor:
        seq_len = ids.shape[1]
        if seq_len > self.config.max_len:
            raise ValueError(f"{seq_len} tokens, but the model takes at most {self.config.max_len}")
        if self.config.window is not None:
            attention_mask = sliding_window_mask(seq_len, self.config.window, ids.device)
        else:
            attention_mask = causal_mask(seq_len, seq_len, ids.device)

        hidden_states = self.token_embedding(ids)
        for decoder_layer in self.blocks:
            hidden_states = decoder_layer(hidden_states, attention_mask)
        hidden_states = self.norm(hidden_states)
        return self.head(hidden_states)
