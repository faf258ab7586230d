"""# Positions

**How does attention know in which order the words stand?** It does not: without positions and without a mask, *dog*
gets the same vector in *the dog bites the man* and in *the man bites the dog*.

Something must say where each word stands. Both answers here add a vector to each place.

*Sinusoidal* positions are fixed. Column `2i` is a sine and column `2i + 1` the cosine of the same angle:

    P[pos, 2i]     = sin(pos / 10000^(2i / d_model))
    P[pos, 2i + 1] = cos(pos / 10000^(2i / d_model))

The first pair turns once every 2π places, the last hardly at all: like the hands of a clock, fast ones for near and
slow ones for far. Moving by a fixed distance turns each pair by a fixed angle, wherever one starts.

*Learned* positions are a table of parameters, one row for each place. They know nothing beyond the last row.

| name | shape |
|---|---|
| `sinusoidal_positions(length, d_model)` | `(length, d_model)` |
| `LearnedPositions.weight` | `(max_len, d_model)` |
| `x` and the result of `LearnedPositions` | `(batch, seq, d_model)` |

By hand: position 0 is `[0, 1, 0, 1, ...]`, and position 1 with `d_model = 2` is `[sin 1, cos 1] = [0.8415, 0.5403]`.

Not to be used in this chapter: `F.scaled_dot_product_attention`, `nn.MultiheadAttention` and `nn.Transformer*`.

Source: Vaswani and others, *Attention Is All You Need* (2017), section 3.5; learned positions as in Radford and
others, *Improving Language Understanding by Generative Pre-Training* (2018), section 3.1.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn


def sinusoidal_positions(
    length: int,
    d_model: int,
    dtype: torch.dtype | None = None,
    device: torch.device | str | None = None,
) -> Float[Tensor, "length d_model"]:
    """Sines and cosines interleaved, one row for each position from 0, however many; an odd `d_model` ends in a sine.

    Column `2i` is the sine of `position / 10000^(2i / d_model)`, column `2i + 1` the cosine of the same angle.

    `dtype` is torch's default dtype unless given. Work in float64 or float32, and round the finished table: in float16
    the position 2049 does not even exist. The table is made on `device`. It depends on the arguments alone, not on
    earlier calls, and is new in each, so the caller may write into it.

    >>> sinusoidal_positions(2, 3)
    tensor([[0.0000, 1.0000, 0.0000],
            [0.8415, 0.5403, 0.0022]])
    """
    # TODO: in float64 or float32, one angle for each position and each pair.
    # TODO: sines go to the even columns, cosines to the odd ones; with an odd d_model there is one cosine less.
    # TODO: convert to `dtype` (None: torch.get_default_dtype()) and to `device`.
    columns = torch.arange(0, d_model, 2, dtype=torch.float64)
    angles = torch.arange(length, dtype=torch.float64)[:, None] / 10000 ** (columns / d_model)
    table = torch.stack((angles.sin(), angles.cos()), dim=-1).flatten(-2)[:, :d_model]
    return table.to(dtype=dtype or torch.get_default_dtype(), device=device)


class LearnedPositions(nn.Module):
    """A table `weight` of shape `(max_len, d_model)`, drawn from N(0, 0.02²), whose first rows are added to `x`.

    `weight` is the only parameter, and all that the state dict holds.

    >>> LearnedPositions(max_len=8, d_model=4)(torch.zeros(2, 5, 4)).shape
    torch.Size([2, 5, 4])
    """

    def __init__(self, max_len: int, d_model: int) -> None:
        # TODO: call nn.Module's own __init__, then make `weight` a parameter with a standard deviation of 0.02.
        super().__init__()
        self.weight = nn.Parameter(torch.randn(max_len, d_model) * 0.02)

    def forward(self, x: Float[Tensor, "batch seq d_model"]) -> Float[Tensor, "batch seq d_model"]:
        """`x` plus row `p` of the table at each position `p`, the same for every sequence of the batch.

        The result is a new tensor, and `x` is not changed. Each call may have another length, up to `max_len`. A longer
        sequence raises a `ValueError` that names its length or `max_len`. It runs on any device, `meta` too.
        """
        # TODO: reject a sequence that is longer than the table.
        # TODO: add the first `seq` rows to every sequence of the batch.
        if x.size(-2) > len(self.weight):
            raise ValueError(f"a sequence of {x.size(-2)} is longer than max_len = {len(self.weight)}")
        return x + self.weight[: x.size(-2)]
