"""# Grouped-query attention

**Why do many models of today have fewer heads for keys and values than for queries?** Llama 2 (70B) has 80 layers
and 64 query heads of 128 numbers. As many heads of keys and values would keep 10.7 GB for one text of 4,096 tokens in
float16; its 8 keep 1.3 GB.

While a model writes, it keeps the keys and values of all that it has read. This *cache* limits how many users a
machine can serve. So several query heads *share* one head of keys and values. With `n_kv_heads = n_heads` it is
multi-head attention, with 1 it is *multi-query* attention, and in between *grouped*.

The groups are neighbours: with 6 query heads and 2 heads of keys and values, query heads 0, 1, 2 use the first and
3, 4, 5 the second. So each is repeated in place: `a a a b b b`, not `a b a b a b`.

| name | shape |
|---|---|
| `x` and output | `(batch, seq, d_model)` |
| `q_proj.weight`, `out_proj.weight` | `(d_model, d_model)`, no bias |
| `k_proj.weight`, `v_proj.weight` | `(n_kv_heads * d_head, d_model)`, no bias; `d_head = d_model / n_heads` |
| `mask` | 2, 3 or 4 axes, as in `multi_head`; True means "may attend" |

By hand: a model of 2 layers with 4 heads of keys and values of 8 numbers keeps `2 · 2 · 4 · 8 = 128` numbers for each
token (keys *and* values); for 3 sequences of 10 tokens, in float16, that is `128 · 30 · 2 = 7680` bytes.

Not to be used in this chapter: `F.scaled_dot_product_attention`, `nn.MultiheadAttention` and `nn.Transformer*`.

Source: Ainslie and others, *GQA: Training Generalized Multi-Query Transformer Models from Multi-Head Checkpoints*
(2023), section 2.2; Shazeer, *Fast Transformer Decoding: One Write-Head is All You Need* (2019).
"""

from jaxtyping import Bool, Float
from torch import Tensor, nn

from ch3_attention.multi_head import merge_heads, split_heads
from ch3_attention.scaled_dot_product import scaled_dot_product_attention


def repeat_heads(
    x: Float[Tensor, "batch n_kv_heads seq d_head"], n_heads: int
) -> Float[Tensor, "batch n_heads seq d_head"]:
    """Repeat each head of keys or values for all the query heads of its group: `a b` becomes `a a a b b b`.

    `n_heads` that the heads of `x` do not divide raise a `ValueError` that names one of the two numbers.

    >>> repeat_heads(torch.tensor([[[[1.0]], [[2.0]]]]), n_heads=4).flatten()
    tensor([1., 1., 2., 2.])
    """
    # TODO: reject `n_heads` that is no multiple of the heads in `x`.
    # TODO: repeat each head in place, so that neighbours are copies of each other.
    if n_heads % x.size(-3):
        raise ValueError(f"{x.size(-3)} heads of keys and values do not divide {n_heads} query heads")
    return x.repeat_interleave(n_heads // x.size(-3), dim=-3)


class GroupedQueryAttention(nn.Module):
    """Attention in which `n_heads` query heads share `n_kv_heads` heads of keys and values, neighbours the same one.

    With 1 such head it is multi-query attention, with `n_heads` of them multi-head attention.

    `q_proj`, `k_proj`, `v_proj` and `out_proj` are `nn.Linear` without bias, and hold all parameters. Keys and values
    are `n_kv_heads * d_head` wide, where `d_head` is `d_model / n_heads`. `n_heads` and `n_kv_heads` are kept as
    attributes, because later exercises read them. `n_heads` that do not divide `d_model`, and `n_kv_heads` that do not
    divide `n_heads`, raise a `ValueError` that names one of the two numbers; 0 divides nothing.

    >>> GroupedQueryAttention(d_model=12, n_heads=6, n_kv_heads=2)(torch.zeros(2, 5, 12)).shape
    torch.Size([2, 5, 12])
    """

    def __init__(self, d_model: int, n_heads: int, n_kv_heads: int) -> None:
        # TODO: reject heads that do not divide d_model, and n_kv_heads that do not divide n_heads.
        # TODO: keep both numbers of heads, and make the four projections; keys and values are narrower.
        super().__init__()
        if n_heads < 1 or d_model % n_heads:
            raise ValueError(f"{n_heads} heads do not divide d_model = {d_model}")
        if n_kv_heads < 1 or n_heads % n_kv_heads:
            raise ValueError(f"{n_kv_heads} heads of keys and values do not divide {n_heads} query heads")
        self.n_heads, self.n_kv_heads = n_heads, n_kv_heads
        kv_width = n_kv_heads * (d_model // n_heads)
        self.q_proj = nn.Linear(d_model, d_model, bias=False)
        self.k_proj = nn.Linear(d_model, kv_width, bias=False)
        self.v_proj = nn.Linear(d_model, kv_width, bias=False)
        self.out_proj = nn.Linear(d_model, d_model, bias=False)

    def forward(
        self, x: Float[Tensor, "batch seq d_model"], mask: Bool[Tensor, "*broadcast seq seq"] | None = None
    ) -> Float[Tensor, "batch seq d_model"]:
        """Self-attention over `x`, each head as in `multi_head`: its scores are divided by `√d_head`.

        Without a mask every query sees every key. A mask of 2 axes `(seq, seq)` serves all sequences and heads, one of
        3 axes `(batch, seq or 1, seq)` all heads of its own sequence, and one of 4 axes `(batch, heads or 1, seq, seq)`
        each head. A query that may attend to nothing has an output of zero, and gradients stay finite.

        The output has the shape and the dtype of `x`, which need not be contiguous. It runs on any device, `meta` too.
        Nothing is kept from one call to the next, no keys and no mask; there is no dropout; `x` and `mask` are not
        changed.
        """
        # TODO: project, and split queries into n_heads, keys and values into n_kv_heads.
        # TODO: repeat keys and values for the query heads of their group.
        # TODO: give a mask of 3 axes its heads axis, attend, merge the heads and project.
        q = split_heads(self.q_proj(x), self.n_heads)
        k = split_heads(self.k_proj(x), self.n_kv_heads)
        v = split_heads(self.v_proj(x), self.n_kv_heads)
        if mask is not None and mask.dim() == 3:
            mask = mask.unsqueeze(1)
        k, v = repeat_heads(k, self.n_heads), repeat_heads(v, self.n_heads)
        mixed, _ = scaled_dot_product_attention(q, k, v, mask)
        return self.out_proj(merge_heads(mixed))


def cache_bytes(batch: int, seq: int, n_layers: int, n_kv_heads: int, d_head: int, bytes_per_value: int) -> int:
    """The bytes that the keys and the values of every token, head and layer take, for all `batch` sequences.

    >>> cache_bytes(batch=3, seq=10, n_layers=2, n_kv_heads=4, d_head=8, bytes_per_value=2)
    7680
    """
    # TODO: count the numbers that are kept, keys and values, and multiply by their size.
    return 2 * batch * seq * n_layers * n_kv_heads * d_head * bytes_per_value
