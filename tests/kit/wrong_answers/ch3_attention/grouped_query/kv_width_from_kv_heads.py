"""`GroupedQueryAttention.__init__` makes `k_proj` and `v_proj` d_model / n_kv_heads wide, not n_kv_heads * d_head."""

from torch import nn

from ch3_attention.multi_head import merge_heads, split_heads
from ch3_attention.scaled_dot_product import scaled_dot_product_attention


def repeat_heads(x, n_heads):
    b, g, t, d = x.size()
    if n_heads % g:
        raise ValueError(f"{n_heads} query heads do not split into {g} groups")
    return x.unsqueeze(2).repeat(1, 1, n_heads // g, 1, 1).reshape(b, n_heads, t, d)


class GroupedQueryAttention(nn.Module):
    """Project, cut into heads, hand each group its keys and values, attend."""

    def __init__(self, d_model, n_heads, n_kv_heads):
        super().__init__()
        if n_heads < 1 or d_model % n_heads:
            raise ValueError(f"d_model ({d_model}) has to be divisible by n_heads ({n_heads})")
        if n_kv_heads < 1 or n_heads % n_kv_heads:
            raise ValueError(f"n_heads ({n_heads}) has to be divisible by n_kv_heads ({n_kv_heads})")
        self.d_model = d_model
        self.n_heads = n_heads
        self.n_kv_heads = n_kv_heads
        kv_dim = d_model // n_kv_heads
        self.q_proj = nn.Linear(d_model, d_model, bias=False)
        self.k_proj = nn.Linear(d_model, kv_dim, bias=False)
        self.v_proj = nn.Linear(d_model, kv_dim, bias=False)
        self.out_proj = nn.Linear(d_model, d_model, bias=False)

    def forward(self, x, mask=None):
        Q = split_heads(self.q_proj(x), self.n_heads)
        K = split_heads(self.k_proj(x), self.n_kv_heads)
        V = split_heads(self.v_proj(x), self.n_kv_heads)
        K = repeat_heads(K, self.n_heads)
        V = repeat_heads(V, self.n_heads)
        if mask is not None and mask.dim() == 3:
            mask = mask.unsqueeze(-3)
        attended, _weights = scaled_dot_product_attention(Q, K, V, mask)
        return self.out_proj(merge_heads(attended))


def cache_bytes(batch, seq, n_layers, n_kv_heads, d_head, bytes_per_value):
    floats = 2 * n_layers * batch * n_kv_heads * seq * d_head
    return floats * bytes_per_value
