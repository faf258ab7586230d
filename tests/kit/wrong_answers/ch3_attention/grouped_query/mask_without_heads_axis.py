"""`GroupedQueryAttention.forward` gives a mask of 3 axes no heads axis, so its batch axis meets the heads."""

import torch
from torch import Tensor, nn

from ch3_attention.multi_head import merge_heads, split_heads
from ch3_attention.scaled_dot_product import scaled_dot_product_attention as attention


def repeat_heads(x: Tensor, n_heads: int) -> Tensor:
    kv_heads = x.shape[1]
    times, rest = divmod(n_heads, kv_heads)
    if rest:
        raise ValueError(f"n_heads = {n_heads} must be a multiple of {kv_heads}")
    which = torch.arange(kv_heads, device=x.device).unsqueeze(1).expand(kv_heads, times).flatten()
    return x.index_select(1, which)


class GroupedQueryAttention(nn.Module):
    def __init__(self, d_model: int, n_heads: int, n_kv_heads: int) -> None:
        super().__init__()
        for whole, part in ((d_model, n_heads), (n_heads, n_kv_heads)):
            if part < 1 or whole % part:
                raise ValueError(f"{part} does not divide {whole}")
        d_head = d_model // n_heads
        self.n_heads, self.n_kv_heads = n_heads, n_kv_heads
        self.q_proj = nn.Linear(d_model, d_model, bias=False)
        self.k_proj = nn.Linear(d_model, d_head * n_kv_heads, bias=False)
        self.v_proj = nn.Linear(d_model, d_head * n_kv_heads, bias=False)
        self.out_proj = nn.Linear(d_model, d_model, bias=False)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        queries = split_heads(self.q_proj(x), self.n_heads)
        keys, values = (
            repeat_heads(split_heads(project(x), self.n_kv_heads), self.n_heads)
            for project in (self.k_proj, self.v_proj)
        )
        # masks broadcast over whatever stands in front of (seq, seq)
        out = attention(queries, keys, values, mask)[0]
        return self.out_proj(merge_heads(out))


def cache_bytes(batch: int, seq: int, n_layers: int, n_kv_heads: int, d_head: int, bytes_per_value: int) -> int:
    keys = batch * seq * n_layers * n_kv_heads * d_head
    values = keys
    return (keys + values) * bytes_per_value
