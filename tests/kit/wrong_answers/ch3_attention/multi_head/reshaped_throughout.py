"""Splits and merges by reshaping alone: the one undoes the other, but positions and heads are mixed in between."""

from torch import nn

from ch3_attention.scaled_dot_product import scaled_dot_product_attention


def split_heads(x, n_heads):
    if n_heads < 1 or x.shape[-1] % n_heads:
        raise ValueError(f"{n_heads} heads")
    return x.reshape(x.shape[0], n_heads, x.shape[1], x.shape[2] // n_heads)


def merge_heads(x):
    return x.reshape(x.shape[0], x.shape[2], x.shape[1] * x.shape[3])


class MultiHeadAttention(nn.Module):
    def __init__(self, d_model, n_heads, bias=False):
        super().__init__()
        if n_heads < 1 or d_model % n_heads:
            raise ValueError(f"{n_heads} heads")
        self.n_heads = n_heads
        for name in ("q_proj", "k_proj", "v_proj", "out_proj"):
            setattr(self, name, nn.Linear(d_model, d_model, bias=bias))

    def both(self, x, context, mask):
        context = x if context is None else context
        q, k, v = self.q_proj(x), self.k_proj(context), self.v_proj(context)
        mask = mask[:, None] if mask is not None and mask.dim() == 3 else mask
        return scaled_dot_product_attention(*(split_heads(y, self.n_heads) for y in (q, k, v)), mask)

    def forward(self, x, context=None, mask=None):
        return self.out_proj(merge_heads(self.both(x, context, mask)[0]))

    def attention_weights(self, x, context=None, mask=None):
        return self.both(x, context, mask)[1]
