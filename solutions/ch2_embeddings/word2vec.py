"""# word2vec: skip-gram with negative sampling

A word is known by the company it keeps. Skip-gram turns that into a task: given a word in the middle (the *centre*),
tell its neighbours within `window` places (the *contexts*) from words drawn at random (the *negatives*). Each word has
two vectors, one for each role. Their dot product is a score, and the sigmoid of the score is the probability that the
pair is a true one. Training raises the scores of true pairs and lowers those of the others, and words with
the same neighbours end up close together, because the same vectors suit them.

The negatives come from the word counts raised to the power 0.75, which lets rare words appear more often than
they do in the text.

| name | shape |
|---|---|
| `ids` | `(n,)`, int64, a text as token ids |
| pairs | `(pairs, 2)`: centre, context |
| `centers`, `contexts` | `(batch,)` |
| `negatives` | `(batch, negatives)` |
| `center.weight`, `context.weight` | `(vocab_size, dim)` |

By hand: the ids `[5, 6, 7]` with window 1 have the pairs (5, 6), (6, 5), (6, 7), (7, 6). If all scores are 0, every
sigmoid is 1/2, and the loss with 3 negatives is 4 · ln 2 = 2.77.

The result is *static*: a word has one vector, wherever it stands. "bank" by the river and "bank" with the money
get the same vector, somewhere between the two meanings. Chapter 5 sets contextual vectors beside it.

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

    A token is no context of itself, but the same id may stand at two places. A pair that occurs twice in the text
    is there twice. Near the ends a token has fewer contexts, and a window may be longer than the text. No pairs at all
    give a result of shape (0, 2). A window below 1 raises a `ValueError` that names it.

    >>> sorted(skipgram_pairs(torch.tensor([5, 6, 7]), window=1).tolist())
    [[5, 6], [6, 5], [6, 7], [7, 6]]
    """
    # TODO: reject a window below 1.
    # TODO: for each distance from 1 to `window`, pair every token with the one that far to its right ...
    # TODO: ... and the other way round, and put all the pairs into one tensor.
    if window < 1:
        raise ValueError(f"the window must be at least 1, not {window}")
    pairs = [torch.empty(0, 2, dtype=torch.int64)]
    for distance in range(1, min(window, len(ids) - 1) + 1):
        left, right = ids[:-distance], ids[distance:]
        pairs += [torch.stack([left, right], dim=1), torch.stack([right, left], dim=1)]
    return torch.cat(pairs)


def noise_distribution(counts: Shaped[Tensor, "vocab"], power: float = 0.75) -> Float[Tensor, "vocab"]:
    """The probability of each id as a negative: its count to the power `power`, divided by the sum of all of these.

    The power is above 0. `counts` are whole or floating-point numbers; of floating-point ones the result has the dtype.
    An id that never occurs has probability 0. Counts that are all zero raise a `ValueError`.

    >>> noise_distribution(torch.tensor([16.0, 1.0, 0.0]))
    tensor([0.8889, 0.1111, 0.0000])
    """
    # TODO: raise the counts to the power, then make them sum to one.
    if not counts.any():
        raise ValueError(f"a noise distribution needs a count above 0, but all {len(counts)} are 0")
    weights = counts**power
    return weights / weights.sum()


class SkipGram(nn.Module):
    """Two tables of vectors: `center` for a word in the middle, `context` for a word beside it.

    Both are `Embedding(vocab_size, dim)`, your own layer, with the parameters `center.weight` and `context.weight`.

    >>> SkipGram(vocab_size=7, dim=3).center.weight.shape
    torch.Size([7, 3])
    """

    def __init__(self, vocab_size: int, dim: int) -> None:
        # TODO: make the two embeddings.
        super().__init__()
        self.center = Embedding(vocab_size, dim)
        self.context = Embedding(vocab_size, dim)

    def loss(
        self, centers: Int[Tensor, "batch"], contexts: Int[Tensor, "batch"], negatives: Int[Tensor, "batch negatives"]
    ) -> Float[Tensor, ""]:
        """Minus log σ(v · u) for the true context, minus log σ(−v · u) for each negative.

        v is the centre's vector from `center`, u the other word's from `context`. The terms of the negatives are
        summed, and the batch is averaged. A negative counts even where it is the true context. The loss stays right
        where a score is large, and it has the dtype of the tables.
        """
        # TODO: look up v, u and the negatives' u, and take the dot products.
        # TODO: F.logsigmoid is right for large scores too; torch.log(torch.sigmoid(x)) is not.
        v = self.center(centers)
        true = (v * self.context(contexts)).sum(-1)
        false = (v[:, None] * self.context(negatives)).sum(-1)
        return -(F.logsigmoid(true) + F.logsigmoid(-false).sum(-1)).mean()


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

    `generator` is the only source of randomness. First it gives the start values: both tables uniform between
    −0.5 / dim and 0.5 / dim. Then, in each of `steps` steps, it draws 128 pairs (each pair of the text with the same
    chance, again and again) and `negatives` negatives for each of them, from the noise distribution of the counts in
    `ids`, whether or not one happens to be a true context. The loss of this batch moves the tables by one step of
    `torch.optim.Adam` at `lr`. With 0 steps the model comes back as it started.

    A text of fewer than 2 tokens has no pairs and raises a `ValueError`, as a window below 1 does. An id out of range,
    a negative one too, raises an `IndexError` that names it.
    """
    # TODO: make the model and fill both weights from the generator: nn.init.uniform_(weight, low, high, generator=...).
    # TODO: make all pairs once, and the noise distribution from torch.bincount(ids, minlength=vocab_size).
    # TODO: in each step draw pairs (torch.randint) and negatives (torch.multinomial), then update.
    if len(ids) < 2:
        raise ValueError(f"a text of {len(ids)} tokens has no pairs")
    if not 0 <= ids.min() <= ids.max() < vocab_size:
        raise IndexError(f"the ids go from {ids.min()} to {ids.max()}, outside a vocabulary of {vocab_size}")
    model = SkipGram(vocab_size, dim)
    for weight in model.parameters():
        nn.init.uniform_(weight, -0.5 / dim, 0.5 / dim, generator=generator)
    pairs = skipgram_pairs(ids, window)
    noise = noise_distribution(torch.bincount(ids, minlength=vocab_size))
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    for _ in range(steps):
        batch = pairs[torch.randint(len(pairs), (BATCH_SIZE,), generator=generator)]
        drawn = torch.multinomial(noise, BATCH_SIZE * negatives, replacement=True, generator=generator)
        loss = model.loss(batch[:, 0], batch[:, 1], drawn.view(BATCH_SIZE, negatives))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model
