"""One group after the other, with keys and values from one fused product."""

import torch
from torch import nn

from ch3_attention.multi_head import merge_heads, split_heads
from ch3_attention.scaled_dot_product import scaled_dot_product_attention


def repeat_heads(x, n_heads):
    n_kv_heads = x.shape[-3]
    if n_heads % n_kv_heads != 0:
        raise ValueError(f"{n_kv_heads} does not divide {n_heads}")
    return x[:, [head // (n_heads // n_kv_heads) for head in range(n_heads)]]


class GroupedQueryAttention(nn.Module):
    def __init__(self, d_model, n_heads, n_kv_heads):
        super().__init__()
        for value, whole in ((n_heads, d_model), (n_kv_heads, n_heads)):
            if value < 1 or whole % value:
                raise ValueError(f"{value} does not divide {whole}")
        self.n_heads = n_heads
        self.n_kv_heads = n_kv_heads
        width = d_model // n_heads * n_kv_heads
        self.q_proj = nn.Linear(d_model, d_model, False)
        self.k_proj = nn.Linear(d_model, width, False)
        self.v_proj = nn.Linear(d_model, width, False)
        self.out_proj = nn.Linear(d_model, d_model, False)

    def forward(self, x, mask=None):
        q = split_heads(self.q_proj(x), self.n_heads)
        kv = x @ torch.cat([self.k_proj.weight, self.v_proj.weight]).T
        k, v = (split_heads(part, self.n_kv_heads) for part in kv.chunk(2, -1))
        if mask is not None and mask.dim() == 3:
            mask = mask[:, None, :, :]
        per_head = mask is not None and mask.dim() == 4 and mask.size(1) > 1
        mixed = []
        for head in range(self.n_heads):
            shared = head * self.n_kv_heads // self.n_heads
            own = mask[:, head : head + 1] if per_head else mask
            one = slice(shared, shared + 1)
            mixed.append(scaled_dot_product_attention(q[:, head : head + 1], k[:, one], v[:, one], own)[0])
        return self.out_proj(merge_heads(torch.cat(mixed, dim=1)))


def cache_bytes(batch, seq, n_layers, n_kv_heads, d_head, bytes_per_value):
    keys = batch * seq * n_layers * n_kv_heads * d_head
    values = keys
    return (keys + values) * bytes_per_value
