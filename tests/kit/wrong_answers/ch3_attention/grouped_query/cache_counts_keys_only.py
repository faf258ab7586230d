"""`cache_bytes` counts the numbers of the keys only, and leaves the values out."""

import torch
from torch import nn

from ch3_attention.scaled_dot_product import scaled_dot_product_attention


def repeat_heads(x, n_heads):
    n_kv = x.shape[1]
    if n_heads % n_kv != 0:
        raise ValueError(f"cannot share {n_kv} heads between {n_heads} query heads")
    group_size = n_heads // n_kv
    heads = []
    for i in range(n_heads):
        heads.append(x[:, i // group_size])
    return torch.stack(heads, dim=1)


class GroupedQueryAttention(nn.Module):
    def __init__(self, d_model, n_heads, n_kv_heads):
        super().__init__()
        if n_heads < 1 or d_model % n_heads != 0:
            raise ValueError(f"{d_model} can not be divided by {n_heads} heads")
        if n_kv_heads < 1 or n_heads % n_kv_heads != 0:
            raise ValueError(f"{n_heads} query heads can not be divided by {n_kv_heads} kv heads")
        self.n_heads = n_heads
        self.n_kv_heads = n_kv_heads
        self.d_head = d_model // n_heads
        self.q_proj = nn.Linear(d_model, d_model, bias=False)
        self.k_proj = nn.Linear(d_model, n_kv_heads * self.d_head, bias=False)
        self.v_proj = nn.Linear(d_model, n_kv_heads * self.d_head, bias=False)
        self.out_proj = nn.Linear(d_model, d_model, bias=False)

    def forward(self, x, mask=None):
        all_q = self.q_proj(x)
        all_k = self.k_proj(x)
        all_v = self.v_proj(x)
        group_size = self.n_heads // self.n_kv_heads

        outputs = []
        for h in range(self.n_heads):
            g = h // group_size
            q = all_q[:, :, h * self.d_head : (h + 1) * self.d_head]
            k = all_k[:, :, g * self.d_head : (g + 1) * self.d_head]
            v = all_v[:, :, g * self.d_head : (g + 1) * self.d_head]
            head_mask = mask
            if mask is not None and mask.dim() == 4:
                # one mask for this head, or one that serves all
                head_mask = mask[:, h] if mask.shape[1] > 1 else mask[:, 0]
            out, _ = scaled_dot_product_attention(q, k, v, head_mask)
            outputs.append(out)
        return self.out_proj(torch.cat(outputs, dim=-1))


def cache_bytes(batch, seq, n_layers, n_kv_heads, d_head, bytes_per_value):
    number_of_tokens = batch * seq
    numbers_per_token = n_layers * n_kv_heads * d_head
    return number_of_tokens * numbers_per_token * bytes_per_value
