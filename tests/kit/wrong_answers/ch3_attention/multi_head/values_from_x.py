"""In cross-attention `_attend` makes the values from `x` where they should come from `context`, as the keys do."""

from torch import nn

from ch3_attention.scaled_dot_product import scaled_dot_product_attention


def split_heads(x, n_heads):
    if n_heads < 1 or x.shape[-1] % n_heads != 0:
        raise ValueError(f"Cannot split the last dimension, {x.shape[-1]}, into {n_heads} heads")
    new_shape = (*x.shape[:-1], n_heads, x.shape[-1] // n_heads)
    return x.reshape(new_shape).permute(0, 2, 1, 3)


def merge_heads(x):
    x = x.permute(0, 2, 1, 3).contiguous()
    return x.view(*x.shape[:-2], x.shape[-2] * x.shape[-1])


class MultiHeadAttention(nn.Module):
    def __init__(self, d_model, n_heads, bias=False):
        super().__init__()
        if n_heads < 1 or d_model % n_heads != 0:
            raise ValueError(f"d_model ({d_model}) is not a multiple of the number of heads ({n_heads})")
        self.n_heads = n_heads
        self.q_proj = nn.Linear(d_model, d_model, bias=bias)
        self.k_proj = nn.Linear(d_model, d_model, bias=bias)
        self.v_proj = nn.Linear(d_model, d_model, bias=bias)
        self.out_proj = nn.Linear(d_model, d_model, bias=bias)

    def forward(self, x, context=None, mask=None):
        context_layer, _ = self._attend(x, context, mask)
        return self.out_proj(merge_heads(context_layer))

    def attention_weights(self, x, context=None, mask=None):
        _, attention_probs = self._attend(x, context, mask)
        return attention_probs

    def _attend(self, x, context, mask):
        is_cross_attention = context is not None

        query_layer = split_heads(self.q_proj(x), self.n_heads)
        value_layer = split_heads(self.v_proj(x), self.n_heads)
        if is_cross_attention:
            key_layer = split_heads(self.k_proj(context), self.n_heads)
        else:
            key_layer = split_heads(self.k_proj(x), self.n_heads)

        if mask is not None and mask.dim() == 3:
            mask = mask[:, None, :, :]
        return scaled_dot_product_attention(query_layer, key_layer, value_layer, mask)
