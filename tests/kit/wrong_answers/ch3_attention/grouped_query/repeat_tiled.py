"""`repeat_heads` tiles the heads as `a b a b a b` where each should be repeated in place, as `a a a b b b`."""

from torch import nn

from ch3_attention.multi_head import merge_heads, split_heads
from ch3_attention.scaled_dot_product import scaled_dot_product_attention


def repeat_heads(x, n_heads):
    B, G, T, D = x.shape
    if n_heads % G != 0:
        raise ValueError(f"n_heads={n_heads} is not a multiple of the {G} kv heads")
    # every kv head has to show up n_heads / G times
    return x.repeat(1, n_heads // G, 1, 1)


class GroupedQueryAttention(nn.Module):
    def __init__(self, d_model, n_heads, n_kv_heads):
        super().__init__()
        if n_heads <= 0 or d_model % n_heads != 0:
            raise ValueError(f"d_model={d_model} is not divisible by n_heads={n_heads}")
        if n_kv_heads <= 0 or n_heads % n_kv_heads != 0:
            raise ValueError(f"n_heads={n_heads} is not divisible by n_kv_heads={n_kv_heads}")
        self.n_heads = n_heads
        self.n_kv_heads = n_kv_heads
        self.d_head = d_model // n_heads
        self.q_proj = nn.Linear(d_model, n_heads * self.d_head, bias=False)
        self.k_proj = nn.Linear(d_model, n_kv_heads * self.d_head, bias=False)
        self.v_proj = nn.Linear(d_model, n_kv_heads * self.d_head, bias=False)
        self.out_proj = nn.Linear(n_heads * self.d_head, d_model, bias=False)

    def forward(self, x, mask=None):
        q = split_heads(self.q_proj(x), self.n_heads)
        k = repeat_heads(split_heads(self.k_proj(x), self.n_kv_heads), self.n_heads)
        v = repeat_heads(split_heads(self.v_proj(x), self.n_kv_heads), self.n_heads)
        if mask is not None and mask.ndim == 3:
            mask = mask[:, None, :, :]
        y, _ = scaled_dot_product_attention(q, k, v, mask=mask)
        return self.out_proj(merge_heads(y))


def cache_bytes(batch, seq, n_layers, n_kv_heads, d_head, bytes_per_value):
    per_token = 2 * n_layers * n_kv_heads * d_head  # 2 = one key and one value
    return batch * seq * per_token * bytes_per_value
