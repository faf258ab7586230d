"""# Self-attention with learned projections

**Why does a token need three vectors: a query, a key and a value?** With one vector for all three, and all vectors
equally long, a token's dot product is largest with itself. So each token would mostly attend to itself.

In self-attention a sequence looks at itself: queries, keys and values are all made from the same vectors, by three
learned matrices. So a token can ask for one thing (its query), be found by another (its key), and hand over a third
(its value).

How large should a matrix start? If each makes its input larger, the numbers explode over thirty layers; if smaller,
they fade. Xavier's answer keeps the variance about the same in both directions: a weight of shape `(fan_out, fan_in)`
is drawn from the uniform distribution on `[-a, a]` with `a = √(6 / (fan_in + fan_out))`.

| name | shape |
|---|---|
| `x` | `(batch, seq, d_model)` |
| `q_proj.weight`, `k_proj.weight`, `v_proj.weight` | `(d_head, d_model)`, no bias |
| `mask` | boolean, broadcasts to `(batch, seq, seq)`; True means "may attend" |
| output | `(batch, seq, d_head)` |
| weights | `(batch, seq, seq)` |

By hand: with `d_model = d_head = 1`, all three weights `[[1]]` and `x = [[[0], [1]]]`, the first query is 0, its scores
are `[0, 0]`, its weights `[1/2, 1/2]` and its output 1/2.

Not to be used in this chapter: `F.scaled_dot_product_attention`, `nn.MultiheadAttention` and `nn.Transformer*`.
In `xavier_uniform_` the ready-made `nn.init.xavier_uniform_` would be free, but it would teach you nothing.

Source: Vaswani and others, *Attention Is All You Need* (2017), section 3.2; Glorot and Bengio, *Understanding the
difficulty of training deep feedforward neural networks* (2010), equation 16.
"""

import math

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from ch3_attention.scaled_dot_product import scaled_dot_product_attention


def xavier_uniform_(
    weight: Float[Tensor, "fan_out fan_in"], generator: torch.Generator
) -> Float[Tensor, "fan_out fan_in"]:
    """Fill `weight` in place from the uniform distribution on `[-a, a]`, `a = √(6 / (fan_in + fan_out))`.

    Every entry is a draw of its own, and all randomness comes from `generator`. `weight` may be a parameter, and goes
    on learning afterwards. The same `weight` is returned.

    >>> weight = torch.empty(2, 4)
    >>> xavier_uniform_(weight, torch.Generator().manual_seed(0)).abs().max() <= 1.0
    tensor(True)
    """
    # TODO: find the bound from the two sizes of `weight`.
    # TODO: fill it in place, without gradients, with numbers that come from `generator`.
    bound = math.sqrt(6 / (weight.size(0) + weight.size(1)))
    with torch.no_grad():
        return weight.uniform_(-bound, bound, generator=generator)


class SelfAttention(nn.Module):
    """One head of self-attention: `q_proj`, `k_proj` and `v_proj` are `nn.Linear(d_model, d_head)` without bias.

    They start as `nn.Linear` starts them; `xavier_uniform_` can be used on their weights afterwards.

    >>> output, weights = SelfAttention(8, 4)(torch.zeros(2, 5, 8))
    >>> output.shape, weights.shape
    (torch.Size([2, 5, 4]), torch.Size([2, 5, 5]))
    """

    def __init__(self, d_model: int, d_head: int) -> None:
        # TODO: call nn.Module's own __init__, then make the three projections under their names, without bias.
        super().__init__()
        self.q_proj = nn.Linear(d_model, d_head, bias=False)
        self.k_proj = nn.Linear(d_model, d_head, bias=False)
        self.v_proj = nn.Linear(d_model, d_head, bias=False)

    def forward(
        self, x: Float[Tensor, "batch seq d_model"], mask: Bool[Tensor, "*broadcast seq seq"] | None = None
    ) -> tuple[Float[Tensor, "batch seq d_head"], Float[Tensor, "batch seq seq"]]:
        """The mixed values and the attention weights, as a pair `(output, weights)`.

        In `mask`, True means "may attend"; axes of it may be missing in front or have length 1. A query that may attend
        to nothing gets weights and output of zero. Gradients reach `x` and all three projections. Axes of length 1
        stay. The results have the dtype of `x` and the weights, float64 or bfloat16 say. It runs on the meta device as
        well, and does the same in train and in eval mode.
        """
        # TODO: project `x` three times, and hand queries, keys, values and mask to your own attention.
        return scaled_dot_product_attention(self.q_proj(x), self.k_proj(x), self.v_proj(x), mask)
