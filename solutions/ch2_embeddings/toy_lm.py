"""# A toy language model

**Which task turns a table of random vectors into a useful one?** Counting what follows each context is not enough:
the 28 characters of this course's text make 378 billion contexts of 8 characters, and nearly all of them never occur.

A language model gives each token of the vocabulary a probability of being the next one. This model is as small as
possible. It looks up the vectors of the last `context` tokens and takes their mean. A linear layer turns the mean into
one number (a *logit*) for each token of the vocabulary. The mean forgets the order of the tokens. Chapter 3 brings the
order back.

Before training the model knows nothing. Its loss is about ln(vocab), the loss of a guess that gives all tokens the
same probability. In training, tokens that are followed by the same tokens get similar vectors, although nothing asks
for this.

| name | shape |
|---|---|
| `data` | `(n,)`, int64, a text as token ids |
| `x`, a batch of windows | `(batch, context)` |
| `y`, the token after each window | `(batch,)` |
| `embed.weight` | `(vocab_size, dim)` |
| `head.weight`, `head.bias` | `(vocab_size, dim)`, `(vocab_size,)` |
| logits | `(batch, vocab_size)` |

By hand: the data `[3, 1, 4, 1, 5]` with a context of 3 has two windows, `[3, 1, 4]` with the target 1 and `[1, 4, 1]`
with the target 5.

Source: Bengio, Ducharme, Vincent and Jauvin, *A Neural Probabilistic Language Model*, JMLR 3 (2003), section 2. The
mean takes the place of its hidden layer, as in the CBOW of Mikolov, Chen, Corrado and Dean, *Efficient Estimation of
Word Representations in Vector Space*, 2013, section 3.1 (which averages the words after the target, too).
"""

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from ch2_embeddings.embedding import Embedding


def sample_windows(
    data: Int[Tensor, "n"], context: int, batch_size: int, generator: torch.Generator
) -> tuple[Int[Tensor, "batch context"], Int[Tensor, "batch"]]:
    """Draw windows of `context` tokens, and for each window the token that follows it.

    Every place at which a window and its target fit has the same chance, also the first and the last. Each window of
    the batch is drawn on its own, so the same window may come twice. `generator` is the only source of randomness, and
    each call advances it.

    A context below 1 raises a `ValueError` whose message gives the context. Data of no more than `context` tokens
    raises a `ValueError` whose message gives the context or the number of tokens.

    >>> sample_windows(torch.tensor([3, 1, 4]), context=2, batch_size=1, generator=torch.Generator())
    (tensor([[3, 1]]), tensor([4]))
    """
    # TODO: reject a context below 1 and data that is too short.
    # TODO: draw the starts, from 0 to the last at which the target still exists.
    # TODO: index `data` with starts plus 0, 1, ..., context - 1, and with starts plus context.
    _check(data, context)
    starts = torch.randint(len(data) - context, (batch_size,), generator=generator)
    return data[starts[:, None] + torch.arange(context)], data[starts + context]


class ToyLM(nn.Module):
    """Embedding, mean over the window, linear layer to the vocabulary.

    `embed` is your own `Embedding(vocab_size, dim)`, and `head` is `nn.Linear(dim, vocab_size)` with a bias. The logits
    have the dtype of these parameters. The model also runs on the device `meta`.

    >>> ToyLM(vocab_size=7, dim=3)(torch.tensor([[1, 2, 2], [0, 6, 1]])).shape
    torch.Size([2, 7])
    """

    def __init__(self, vocab_size: int, dim: int) -> None:
        # TODO: make the embedding and the head.
        super().__init__()
        self.embed = Embedding(vocab_size, dim)
        self.head = nn.Linear(dim, vocab_size)

    def forward(self, x: Int[Tensor, "batch context"]) -> Float[Tensor, "batch vocab"]:
        """The logits of the next token, for windows of any length."""
        # TODO: look up, take the mean over the window, apply the head.
        return self.head(self.embed(x).mean(dim=1))


def mean_loss(model: nn.Module, data: Int[Tensor, "n"], context: int) -> float:
    """The mean cross-entropy in nats over all windows of `data`.

    Each window counts once, and nothing is drawn. No gradients are computed. The model is not changed. The errors are
    those of `sample_windows`.
    """
    # TODO: make all windows and their targets, and take the cross-entropy of the model's logits.
    _check(data, context)
    windows = data.unfold(0, context + 1, 1)
    with torch.no_grad():
        return F.cross_entropy(model(windows[:, :-1]), windows[:, -1]).item()


def train_toy_lm(
    model: nn.Module,
    data: Int[Tensor, "n"],
    context: int,
    steps: int,
    batch_size: int,
    lr: float,
    generator: torch.Generator,
) -> list[float]:
    """Train `model` in place with `torch.optim.Adam` at `lr`.

    Return the loss of each step, as it was before the update. Each step draws a new batch with `sample_windows` and the
    generator. The loss of a step is the mean cross-entropy of its batch in nats. Parameters with `requires_grad=False`
    are frozen: they keep their values, and they stay frozen.

    Every call starts with a new optimizer. The errors are those of `sample_windows`.
    """
    # TODO: make the optimizer once, for the parameters that are not frozen.
    # TODO: in each step: draw a batch, compute the loss, keep it as a float, clear old gradients, backward, update.
    optimizer = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=lr)
    losses = []
    for _ in range(steps):
        x, y = sample_windows(data, context, batch_size, generator)
        loss = F.cross_entropy(model(x), y)
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return losses


def _check(data: Int[Tensor, "n"], context: int) -> None:
    if context < 1:
        raise ValueError(f"the context must be at least 1, not {context}")
    if len(data) <= context:
        raise ValueError(f"{len(data)} tokens hold no window of {context} with a token after it")
