"""`SelfAttention.forward` makes the keys with `q_proj`, so `k_proj` is never used and gets no gradient."""

import math

from torch import nn

from ch3_attention.scaled_dot_product import scaled_dot_product_attention


def xavier_uniform_(weight, generator):
    n_out = weight.shape[0]
    n_in = weight.shape[1]
    limit = math.sqrt(6 / (n_in + n_out))
    weight.data.uniform_(-limit, limit, generator=generator)
    return weight


class SelfAttention(nn.Module):
    def __init__(self, d_model, d_head):
        super(SelfAttention, self).__init__()
        self.q_proj = nn.Linear(in_features=d_model, out_features=d_head, bias=False)
        self.k_proj = nn.Linear(in_features=d_model, out_features=d_head, bias=False)
        self.v_proj = nn.Linear(in_features=d_model, out_features=d_head, bias=False)

    def forward(self, x, mask=None):
        queries = self.q_proj(x)
        keys = self.q_proj(x)
        values = self.v_proj(x)
        output, weights = scaled_dot_product_attention(queries, keys, values, mask)
        return output, weights
