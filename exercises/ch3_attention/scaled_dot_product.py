"""# Scaled dot-product attention

**How does a token choose which others to take from, and why are its scores divided by √d_k?** With queries and keys
of 64 random numbers of variance 1, the scores have a standard deviation of 8. Undivided, the softmax over 16 keys then
puts 0.84 of its weight on one of them, on average; divided, 0.24.

Attention is a soft look-up. Each query is compared with every key by a dot product; the softmax turns one
query's scores into weights; the result is the values, mixed with these weights:

    attention(Q, K, V) = softmax(Q Kᵀ / √d_k) V

The dot product of two vectors of `d_k` independent numbers of variance 1 has variance `d_k`; divided by √d_k, it has
variance 1 again. Without the division the gradient of a softmax that has put all its weight on one key is close to
zero. It is the length of a query that counts, not of a value or of the whole model.

A mask says which keys a query may look at. The scores of the others become `-inf` *before* the softmax,
so that their weight is exactly zero and what is left still sums to one.

| name | shape |
|---|---|
| `q` | `(..., q_len, d_k)` |
| `k` | `(..., k_len, d_k)` |
| `v` | `(..., k_len, d_v)` |
| `mask` | boolean, broadcasts to `(..., q_len, k_len)`; **True means "may attend"** |
| output | `(..., q_len, d_v)` |
| weights | `(..., q_len, k_len)` |

By hand: `q = [[2]]`, `k = [[0], [ln 3 / 2]]`, `v = [[0], [8]]`. The scores are `[0, ln 3]` (√1 = 1), the weights
`[1/4, 3/4]`, the output `[[6]]`. With the mask `[[True, False]]` the weights are `[1, 0]` and the output is `[[0]]`.

Not to be used in this chapter: `F.scaled_dot_product_attention`, `nn.MultiheadAttention` and `nn.Transformer*`.

Source: Vaswani and others, *Attention Is All You Need* (2017), section 3.2.1, equation 1 and footnote 4.
"""

import math

from jaxtyping import Bool, Float
from torch import Tensor

from ch3_attention.softmax import softmax


def scaled_dot_product_attention(
    q: Float[Tensor, "*batch q_len d_k"],
    k: Float[Tensor, "*batch k_len d_k"],
    v: Float[Tensor, "*batch k_len d_v"],
    mask: Bool[Tensor, "*broadcast q_len k_len"] | None = None,
) -> tuple[Float[Tensor, "*batch q_len d_v"], Float[Tensor, "*batch q_len k_len"]]:
    """`softmax(q kᵀ / √d_k) v` and the weights behind it, as a pair `(output, weights)`.

    There may be any number of leading axes, also none, and an axis may have length 1. In `mask`, True means "this
    query may attend to this key"; axes of it may be missing in front or have length 1, and it serves them all. A key
    that is masked gets a weight of zero, and the others share out the whole, however large the scores are, while they
    are finite numbers. A query that may attend to nothing gets weights and output of zero, and finite gradients.

    Gradients reach `q`, `k` and `v`, through the output and through the weights. Both results have the dtype of the
    arguments. The arguments are not changed and need not be contiguous. It runs on the meta device as well.

    >>> q, k, v = torch.tensor([[2.0]]), torch.tensor([[0.0], [math.log(3) / 2]]), torch.tensor([[0.0], [8.0]])
    >>> scaled_dot_product_attention(q, k, v)
    (tensor([[6.0000]]), tensor([[0.2500, 0.7500]]))
    """
    # TODO: the scores are the dot product of every query with every key, divided by √d_k: (..., q_len, k_len).
    # TODO: where there is a mask, put -inf wherever it is False.
    # TODO: softmax over the keys, with your own softmax.
    # TODO: mix the values with the weights, and return both.
    raise NotImplementedError
