"""`split_heads` reshapes straight to (batch, n_heads, seq, d_head) and so mixes positions with heads."""

from torch import Tensor, nn

from ch3_attention.scaled_dot_product import scaled_dot_product_attention


def split_heads(x: Tensor, n_heads: int) -> Tensor:
    batch, seq, d_model = x.shape
    if n_heads < 1 or d_model % n_heads != 0:
        raise ValueError(f"n_heads = {n_heads} does not divide {d_model}")
    return x.reshape(batch, n_heads, seq, d_model // n_heads)


def merge_heads(x: Tensor) -> Tensor:
    batch, n_heads, seq, d_head = x.shape
    return x.permute(0, 2, 1, 3).reshape(batch, seq, n_heads * d_head)


class MultiHeadAttention(nn.Module):
    def __init__(self, d_model: int, n_heads: int, bias: bool = False) -> None:
        super().__init__()
        if n_heads < 1 or d_model % n_heads != 0:
            raise ValueError(f"n_heads = {n_heads} does not divide d_model = {d_model}")
        self.n_heads = n_heads
        self.q_proj = nn.Linear(d_model, d_model, bias=bias)
        self.k_proj = nn.Linear(d_model, d_model, bias=bias)
        self.v_proj = nn.Linear(d_model, d_model, bias=bias)
        self.out_proj = nn.Linear(d_model, d_model, bias=bias)

    def forward(self, x, context=None, mask=None):
        heads, _ = self._attend(x, context, mask)
        return self.out_proj(merge_heads(heads))

    def attention_weights(self, x, context=None, mask=None):
        _, weights = self._attend(x, context, mask)
        return weights

    def _attend(self, x, context, mask):
        if context is None:
            context = x
        q = split_heads(self.q_proj(x), self.n_heads)
        k = split_heads(self.k_proj(context), self.n_heads)
        v = split_heads(self.v_proj(context), self.n_heads)
        if mask is not None and mask.dim() == 3:
            mask = mask[:, None]
        return scaled_dot_product_attention(q, k, v, mask)
