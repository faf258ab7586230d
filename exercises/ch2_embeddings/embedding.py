"""# The embedding layer

**Where does a model keep the vectors of its tokens, and which of them does a batch teach?** Without a look-up a
batch of 32 texts of 512 tokens would be 823 million numbers: one-hot vectors of GPT-2's vocabulary, nearly all of them
zeros.

An embedding layer is the table of `one_hot` as a module. Its one parameter, `weight`, holds one vector for each id,
and `forward` looks vectors up. A row that the batch did not look up has no part in the loss, so its gradient is zero.

The rows start as random draws from the normal distribution N(0, 1), as in `torch.nn.Embedding`. So no two ids start
with the same vector.

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
    Its numbers start as random draws from N(0, 1). Each number is drawn on its own, and each layer draws new ones.

    The layer also runs on the device `meta`. Tensors there have a shape and no values, so the ids cannot be checked.

    >>> Embedding(7, 3)(torch.tensor([[1, 2], [2, 6]])).shape
    torch.Size([2, 2, 3])
    """

    def __init__(self, num_embeddings: int, embedding_dim: int) -> None:
        # TODO: call nn.Module's own __init__ first, then make `weight` an nn.Parameter drawn from N(0, 1).
        raise NotImplementedError

    def forward(self, ids: Int[Tensor, "*shape"]) -> Float[Tensor, "*shape dim"]:
        """The vector of each id, in the dtype of `weight`. The numbers of a vector lie on the last axis.

        `ids` may have any shape, even no axes, and need not be contiguous. An empty tensor gives an empty result. Each
        call uses `weight` as it is at that moment, even if another parameter has taken its place. The gradient of a row
        is the sum over all places at which its id stands. The gradient of a row that was not looked up is zero. Eval
        mode changes nothing.

        An id outside 0 to `num_embeddings - 1` raises an `IndexError` whose message gives that id. Indexing alone would
        count a negative id from the end.
        """
        # TODO: unless the ids are on `meta`, reject those outside the table. Look at the smallest and the largest id.
        # TODO: look all ids up at once.
        raise NotImplementedError
