"""`attention_weights` returns the weights kept from the last call of `forward`, whatever its own arguments are."""

from torch import nn

from ch3_attention.scaled_dot_product import scaled_dot_product_attention


def split_heads(x, n_heads):
    nbatches, length, d_model = x.size()
    if n_heads < 1 or d_model % n_heads != 0:
        raise ValueError(f"h = {n_heads} does not go into {d_model}")
    return x.reshape(nbatches, length, n_heads, d_model // n_heads).transpose(1, 2)


def merge_heads(x):
    nbatches, h, length, d_k = x.size()
    return x.transpose(1, 2).contiguous().view(nbatches, length, h * d_k)


class MultiHeadAttention(nn.Module):
    def __init__(self, d_model, n_heads, bias=False):
        super().__init__()
        if n_heads < 1 or d_model % n_heads != 0:
            raise ValueError(f"h = {n_heads} does not go into d_model = {d_model}")
        self.n_heads = n_heads
        self.q_proj = nn.Linear(d_model, d_model, bias=bias)
        self.k_proj = nn.Linear(d_model, d_model, bias=bias)
        self.v_proj = nn.Linear(d_model, d_model, bias=bias)
        self.out_proj = nn.Linear(d_model, d_model, bias=bias)
        self.attn = None

    def _attend(self, x, context, mask):
        memory = x if context is None else context
        if mask is not None and mask.dim() == 3:
            mask = mask.unsqueeze(1)  # same mask applied to all h heads
        # 1) do all the linear projections in batch from d_model => h x d_k
        query, key, value = [
            split_heads(lin(t), self.n_heads)
            for lin, t in ((self.q_proj, x), (self.k_proj, memory), (self.v_proj, memory))
        ]
        # 2) attention on all the projected vectors in batch
        return scaled_dot_product_attention(query, key, value, mask)

    def forward(self, x, context=None, mask=None):
        x, self.attn = self._attend(x, context, mask)
        # 3) "concat" and a final linear
        return self.out_proj(merge_heads(x))

    def attention_weights(self, x, context=None, mask=None):
        if self.attn is None:
            self.forward(x, context, mask)
        return self.attn
