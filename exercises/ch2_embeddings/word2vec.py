"""# word2vec: skip-gram with negative sampling

**How can a vector for each word be learned from plain text, without labels?** True pairs of neighbours are not
enough. If all words have the same long vector, every true pair scores high and the loss is almost zero, but no word
differs from another.

Words with similar neighbours have similar meanings. Skip-gram makes a task of this. A word of the text is the
*centre*, and its neighbours within `window` places are its *contexts*. Words drawn at random are *negatives*. The model
learns to tell contexts from negatives. Each word has two vectors, one as a centre and one as a context. The dot product
of a centre's and a context's vector is a score, and its sigmoid is the probability that the pair is true. Training
raises the scores of true pairs and lowers the others. Words with the same neighbours need the same scores, so their
vectors become alike.

The probability of a negative is proportional to its count in the text, raised to the power 0.75. So rare words are
drawn more often than they stand in the text.

| name | shape |
|---|---|
| `ids` | `(n,)`, int64, a text as token ids |
| pairs | `(pairs, 2)`: centre, context |
| `centers`, `contexts` | `(batch,)` |
| `negatives` | `(batch, negatives)` |
| `center.weight`, `context.weight` | `(vocab_size, dim)` |

By hand: the ids `[5, 6, 7]` with window 1 have the pairs (5, 6), (6, 5), (6, 7), (7, 6). If all scores are 0, every
sigmoid is 1/2, and the loss with 3 negatives is 4 · ln 2 = 2.77.

The result is *static*: a word has one vector, wherever it stands. The bank of a river and the bank with the money
share it. Chapter 5 compares static vectors with contextual ones.

Source: Mikolov, Sutskever, Chen, Corrado and Dean, *Distributed Representations of Words and Phrases and their
Compositionality*, NeurIPS 2013, section 2.2, equation 4. What the scores come to mean: Levy and Goldberg, *Neural Word
Embedding as Implicit Matrix Factorization*, NeurIPS 2014.
"""

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int, Shaped
from torch import Tensor, nn

from ch2_embeddings.embedding import Embedding

BATCH_SIZE = 128


def skipgram_pairs(ids: Int[Tensor, "n"], window: int) -> Int[Tensor, "pairs 2"]:
    """Every pair (centre, context) of tokens at most `window` places apart, in any row order.

    A token is not its own context, but the same id may stand at two places. A pair that occurs twice in the text is in
    the result twice. Near the ends of the text a token has fewer contexts. The window may be longer than the text.
    Without any pair the result has the shape (0, 2). A window below 1 raises a `ValueError` whose message gives it.

    >>> sorted(skipgram_pairs(torch.tensor([5, 6, 7]), window=1).tolist())
    [[5, 6], [6, 5], [6, 7], [7, 6]]
    """
    # TODO: reject a window below 1.
    # TODO: for each distance from 1 to `window`, pair every token with the token at this distance to its right.
    # TODO: add the same pairs the other way round, and put all pairs into one tensor.
    raise NotImplementedError


def noise_distribution(counts: Shaped[Tensor, "vocab"], power: float = 0.75) -> Float[Tensor, "vocab"]:
    """The probability of each id as a negative: its count to the power `power`, divided by the sum of these powers.

    `power` is above 0. `counts` are whole or floating-point numbers. If they are floating-point, the result has their
    dtype. An id that never occurs has probability 0. Counts that are all zero raise a `ValueError`.

    >>> noise_distribution(torch.tensor([16.0, 1.0, 0.0]))
    tensor([0.8889, 0.1111, 0.0000])
    """
    # TODO: raise the counts to the power, then make them sum to one.
    raise NotImplementedError


class SkipGram(nn.Module):
    """Two tables of vectors: `center` for a word in the middle, `context` for a word beside it.

    Both are `Embedding(vocab_size, dim)`, your own layer, with the parameters `center.weight` and `context.weight`.

    >>> SkipGram(vocab_size=7, dim=3).center.weight.shape
    torch.Size([7, 3])
    """

    def __init__(self, vocab_size: int, dim: int) -> None:
        # TODO: make the two embeddings.
        raise NotImplementedError

    def loss(
        self, centers: Int[Tensor, "batch"], contexts: Int[Tensor, "batch"], negatives: Int[Tensor, "batch negatives"]
    ) -> Float[Tensor, ""]:
        """Minus log σ(v · u) for the true context, minus log σ(−v · u) for each negative.

        v is the centre's vector in `center`, u is the other word's vector in `context`. The terms of the negatives are
        summed. The loss is the mean over the batch. A negative counts even if it is the true context. The loss is also
        right for large scores, and it has the dtype of the tables.
        """
        # TODO: look up v, u and the negatives' u, and take the dot products.
        # TODO: F.logsigmoid is right for large scores too; torch.log(torch.sigmoid(x)) is not.
        raise NotImplementedError


def train_skipgram(
    ids: Int[Tensor, "n"],
    vocab_size: int,
    dim: int,
    window: int,
    negatives: int,
    steps: int,
    lr: float,
    generator: torch.Generator,
) -> SkipGram:
    """Train a `SkipGram` on the pairs of `ids` and return it.

    `generator` is the only source of randomness. First it gives the start values: both tables are uniform between −0.5
    / dim and 0.5 / dim. Then it draws a batch for each of the `steps` steps. The batch holds 128 pairs, and each pair
    of the text has the same chance at every draw. For each of these pairs `negatives` negatives are drawn, from the
    noise distribution of the counts in `ids`. A negative stays even if it happens to be a true context.
    `torch.optim.Adam` at `lr` then makes one step with the loss of this batch. With 0 steps the model is returned with
    its start values.

    A text of fewer than 2 tokens has no pairs and raises a `ValueError`. A window below 1 raises one, too. An id out of
    range, also a negative one, raises an `IndexError` whose message gives that id.
    """
    # TODO: make the model and fill both weights from the generator: nn.init.uniform_(weight, low, high, generator=...).
    # TODO: make all pairs once, and the noise distribution from torch.bincount(ids, minlength=vocab_size).
    # TODO: in each step draw pairs (torch.randint) and negatives (torch.multinomial), then update.
    raise NotImplementedError
