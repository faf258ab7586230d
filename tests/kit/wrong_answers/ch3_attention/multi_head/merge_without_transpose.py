"""`merge_heads` joins the axes without moving the heads behind the sequence first, so it mixes positions and heads."""

from torch import nn

from ch3_attention.scaled_dot_product import scaled_dot_product_attention as attention


def split_heads(x, n_heads):
    B, T, C = x.size()
    if n_heads < 1:
        raise ValueError(f"need at least one head, got {n_heads}")
    if C % n_heads != 0:
        raise ValueError(f"width {C} is not divisible by {n_heads} heads")
    return x.reshape(B, T, n_heads, C // n_heads).transpose(1, 2)  # (B, nh, T, hs)


def merge_heads(x):
    B, nh, T, hs = x.size()
    return x.contiguous().view(B, T, nh * hs)


class MultiHeadAttention(nn.Module):
    def __init__(self, d_model, n_heads, bias=False):
        super().__init__()
        if n_heads < 1 or d_model % n_heads != 0:
            raise ValueError(f"d_model={d_model} is not divisible by n_heads={n_heads}")
        self.n_heads = n_heads
        self.d_model = d_model
        # key, query, value projections for all heads
        self.q_proj = nn.Linear(d_model, d_model, bias=bias)
        self.k_proj = nn.Linear(d_model, d_model, bias=bias)
        self.v_proj = nn.Linear(d_model, d_model, bias=bias)
        # output projection
        self.out_proj = nn.Linear(d_model, d_model, bias=bias)

    def _attend(self, x, context, mask):
        src = context if context is not None else x
        q = split_heads(self.q_proj(x), self.n_heads)
        k = split_heads(self.k_proj(src), self.n_heads)
        v = split_heads(self.v_proj(src), self.n_heads)
        if mask is not None and len(mask.shape) == 3:
            mask = mask.unsqueeze(1)
        y, att = attention(q, k, v, mask)
        return y, att

    def forward(self, x, context=None, mask=None):
        y, _ = self._attend(x, context, mask)
        return self.out_proj(merge_heads(y))

    def attention_weights(self, x, context=None, mask=None):
        _, att = self._attend(x, context, mask)
        return att
