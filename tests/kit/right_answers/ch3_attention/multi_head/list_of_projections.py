"""The projections are in a list as well, so that each has two names."""

from jaxtyping import Bool, Float
from torch import Tensor, nn

from ch3_attention.scaled_dot_product import scaled_dot_product_attention


def split_heads(x: Float[Tensor, "batch seq d_model"], n_heads: int) -> Float[Tensor, "batch n_heads seq d_head"]:
    if n_heads < 1 or x.size(-1) % n_heads:
        raise ValueError(f"{n_heads} heads do not divide a width of {x.size(-1)}")
    return x.unflatten(-1, (n_heads, -1)).transpose(-3, -2)


def merge_heads(x: Float[Tensor, "batch n_heads seq d_head"]) -> Float[Tensor, "batch seq d_model"]:
    return x.transpose(-3, -2).flatten(-2)


class MultiHeadAttention(nn.Module):
    def __init__(self, d_model: int, n_heads: int, bias: bool = False) -> None:
        super().__init__()
        if n_heads < 1 or d_model % n_heads:
            raise ValueError(f"{n_heads} heads do not divide d_model = {d_model}")
        self.n_heads = n_heads
        self.q_proj = nn.Linear(d_model, d_model, bias=bias)
        self.k_proj = nn.Linear(d_model, d_model, bias=bias)
        self.v_proj = nn.Linear(d_model, d_model, bias=bias)
        self.out_proj = nn.Linear(d_model, d_model, bias=bias)
        self.projections = nn.ModuleList([self.q_proj, self.k_proj, self.v_proj])

    def forward(
        self,
        x: Float[Tensor, "batch q_len d_model"],
        context: Float[Tensor, "batch k_len d_model"] | None = None,
        mask: Bool[Tensor, "*broadcast q_len k_len"] | None = None,
    ) -> Float[Tensor, "batch q_len d_model"]:
        mixed, _ = self._attend(x, context, mask)
        return self.out_proj(merge_heads(mixed))

    def attention_weights(self, x, context=None, mask=None) -> Float[Tensor, "batch n_heads q_len k_len"]:
        return self._attend(x, context, mask)[1]

    def _attend(self, x, context, mask):
        source = x if context is None else context
        pairs = zip(self.projections, (x, source, source), strict=True)
        q, k, v = (split_heads(projection(vectors), self.n_heads) for projection, vectors in pairs)
        if mask is not None and mask.dim() == 3:
            mask = mask.unsqueeze(1)
        return scaled_dot_product_attention(q, k, v, mask)
