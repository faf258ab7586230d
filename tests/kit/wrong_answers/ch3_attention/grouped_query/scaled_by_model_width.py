"""`GroupedQueryAttention.forward` divides the scores by the root of d_model instead of the root of d_head."""

import math

import torch
from torch import nn

from ch3_attention.softmax import softmax


def repeat_heads(x: torch.Tensor, n_heads: int) -> torch.Tensor:
    batch, num_key_value_heads, slen, head_dim = x.shape
    if n_heads % num_key_value_heads != 0:
        raise ValueError(f"`n_heads` must be a multiple of the key/value heads (got {n_heads}, {num_key_value_heads})")
    n_rep = n_heads // num_key_value_heads
    x = x[:, :, None, :, :].expand(batch, num_key_value_heads, n_rep, slen, head_dim)
    return x.reshape(batch, num_key_value_heads * n_rep, slen, head_dim)


class GroupedQueryAttention(nn.Module):
    def __init__(self, d_model: int, n_heads: int, n_kv_heads: int) -> None:
        super().__init__()
        if n_heads < 1 or d_model % n_heads != 0:
            raise ValueError(f"d_model must be divisible by n_heads (got `d_model`: {d_model}, `n_heads`: {n_heads}).")
        if n_kv_heads < 1 or n_heads % n_kv_heads != 0:
            raise ValueError(f"n_heads must be divisible by n_kv_heads (got {n_heads} and {n_kv_heads}).")
        self.hidden_size = d_model
        self.n_heads = n_heads
        self.n_kv_heads = n_kv_heads
        self.head_dim = d_model // n_heads

        self.q_proj = nn.Linear(self.hidden_size, self.n_heads * self.head_dim, bias=False)
        self.k_proj = nn.Linear(self.hidden_size, self.n_kv_heads * self.head_dim, bias=False)
        self.v_proj = nn.Linear(self.hidden_size, self.n_kv_heads * self.head_dim, bias=False)
        self.out_proj = nn.Linear(self.n_heads * self.head_dim, self.hidden_size, bias=False)

    def forward(self, x: torch.Tensor, mask: torch.Tensor | None = None) -> torch.Tensor:
        bsz, q_len, hidden = x.size()

        query_states = self.q_proj(x).reshape(bsz, q_len, self.n_heads, self.head_dim).transpose(1, 2)
        key_states = self.k_proj(x).reshape(bsz, q_len, self.n_kv_heads, self.head_dim).transpose(1, 2)
        value_states = self.v_proj(x).reshape(bsz, q_len, self.n_kv_heads, self.head_dim).transpose(1, 2)

        key_states = repeat_heads(key_states, self.n_heads)
        value_states = repeat_heads(value_states, self.n_heads)

        attn_weights = torch.matmul(query_states, key_states.transpose(2, 3)) / math.sqrt(hidden)
        if mask is not None:
            if mask.dim() == 3:
                mask = mask.unsqueeze(1)
            attn_weights = attn_weights.masked_fill(~mask, float("-inf"))
        attn_weights = softmax(attn_weights, dim=-1)

        attn_output = torch.matmul(attn_weights, value_states)
        attn_output = attn_output.transpose(1, 2).reshape(bsz, q_len, hidden)
        return self.out_proj(attn_output)


def cache_bytes(batch: int, seq: int, n_layers: int, n_kv_heads: int, d_head: int, bytes_per_value: int) -> int:
    one_layer = batch * n_kv_heads * seq * d_head * bytes_per_value
    return n_layers * (one_layer + one_layer)
