"""# The embedding layer

An embedding layer is the table of `one_hot` made into a module: its one parameter, `weight`, holds a vector for
each id, and `forward` looks vectors up. Training moves only the rows that a batch looked up, because no other
row had any part in the loss.

Its rows start as draws from the normal distribution N(0, 1), as in `torch.nn.Embedding`, so that no two ids
begin at the same place.

| name | shape |
|---|---|
| `weight` | `(num_embeddings, embedding_dim)` |
| `ids` | any shape, int64 |
| result | the shape of `ids`, then `embedding_dim` |

By hand: with `weight = [[1, 2], [3, 4]]`, the ids `[[1], [0]]` give `[[[3, 4]], [[1, 2]]]`.

Not to be used here: `nn.Embedding`, `F.embedding` and `torch.embedding`, which are this exercise, and
`nn.EmbeddingBag`, which looks up and adds.

Source: Bengio, Ducharme, Vincent and Jauvin, *A Neural Probabilistic Language Model*, JMLR 3 (2003), section 2.
"""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn


class Embedding(nn.Module):
    """A table of `num_embeddings` vectors of `embedding_dim` numbers, looked up by id.

    `weight`, of shape `(num_embeddings, embedding_dim)`, is the only parameter and the only entry of the state dict.
    Its numbers start as draws from N(0, 1), each drawn on its own, and anew for each layer.

    The layer also runs on the device `meta`, where tensors have a shape and no values: there the ids cannot be checked.

    >>> Embedding(7, 3)(torch.tensor([[1, 2], [2, 6]])).shape
    torch.Size([2, 2, 3])
    """

    def __init__(self, num_embeddings: int, embedding_dim: int) -> None:
        # TODO: call nn.Module's own __init__ first, then make `weight` an nn.Parameter drawn from N(0, 1).
        raise NotImplementedError

    def forward(self, ids: Int[Tensor, "*shape"]) -> Float[Tensor, "*shape dim"]:
        """The vector of each id, in the dtype of `weight`; the axis of the vectors is the last one.

        `ids` may have any shape, also none, and need not be contiguous; an empty tensor gives an empty result. Each
        call reads `weight` as it is then, also where another parameter has taken its place. The gradient of a row is
        the sum over all places at which its id stands, and a row that was not looked up gets zeros; eval mode changes
        nothing.

        An id below 0 or not below `num_embeddings` raises an `IndexError` that names it. Indexing alone would count a
        negative one from the end.
        """
        # TODO: unless the ids are on `meta`, reject those outside the table; the smallest and the largest will do.
        # TODO: look all ids up at once.
        raise NotImplementedError
