"""`out_proj` has a bias even with `bias=False` and `attention_weights` returns the mean over the heads."""

from torch import Tensor, nn

from ch3_attention.scaled_dot_product import scaled_dot_product_attention


def split_heads(x: Tensor, n_heads: int) -> Tensor:
    embed_dim = x.size(-1)
    if n_heads <= 0 or embed_dim % n_heads:
        raise ValueError(f"embed_dim {embed_dim} must be divisible by num_heads {n_heads}")
    head_dim = embed_dim // n_heads
    return x.unflatten(2, (n_heads, head_dim)).transpose(1, 2)


def merge_heads(x: Tensor) -> Tensor:
    return x.transpose(1, 2).flatten(start_dim=2)


class MultiHeadAttention(nn.Module):
    def __init__(self, d_model: int, n_heads: int, bias: bool = False) -> None:
        super().__init__()
        if n_heads <= 0 or d_model % n_heads:
            raise ValueError(f"embed_dim {d_model} must be divisible by num_heads {n_heads}")
        self.n_heads = n_heads
        self.q_proj = nn.Linear(d_model, d_model, bias=bias)
        self.k_proj = nn.Linear(d_model, d_model, bias=bias)
        self.v_proj = nn.Linear(d_model, d_model, bias=bias)
        self.out_proj = nn.Linear(d_model, d_model)

    def _attend(self, x, context, mask):
        source = context if context is not None else x
        q = split_heads(self.q_proj(x), self.n_heads)
        k = split_heads(self.k_proj(source), self.n_heads)
        v = split_heads(self.v_proj(source), self.n_heads)
        if mask is not None and mask.dim() == 3:
            mask = mask.unsqueeze(1)
        attn_output, attn_weights = scaled_dot_product_attention(q, k, v, mask)
        return attn_output, attn_weights

    def forward(self, x: Tensor, context: Tensor | None = None, mask: Tensor | None = None) -> Tensor:
        attn_output, _ = self._attend(x, context, mask)
        return self.out_proj(merge_heads(attn_output))

    def attention_weights(self, x, context=None, mask=None):
        _, attn_weights = self._attend(x, context, mask)
        return attn_weights.mean(dim=1)
