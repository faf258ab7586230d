"""# From logits to the next token

**A model gives every token a probability. Which one should be written?** If all unlikely tokens together have 2 % at
each place, a drawn text of 100 tokens is free of them with a probability of only 13 %.

A language model answers with one score for each token of the vocabulary, the *logits*. Taking the best every time
(*greedy*) is safe and soon repeats itself. Drawing from the softmax is lively, and now and then it draws nonsense from
the long tail of unlikely tokens. Three settings lie between:

- *temperature* divides the logits. Below 1 it sharpens the distribution, above 1 it flattens it.
- *top-k* keeps the k best tokens and gives all others probability zero.
- *top-p* (nucleus sampling) keeps the smallest set of best tokens whose probabilities sum to p or more: few where
  the model is sure, many where it is not.

A token is removed by setting its logit to −inf, because the softmax makes that exactly 0. The logits that stay are
not changed.

| name | shape |
|---|---|
| `logits` | `(batch, vocab)` |
| filtered logits | `(batch, vocab)` |
| a choice | `(batch,)`, int64 |

By hand: the probabilities `[0.5, 0.3, 0.2]`, so the logits are their logarithms. `top_k_filter(k=2)` removes the
third. `top_p_filter(p=0.6)` keeps 0.5, which is not yet 0.6, and 0.3, which crosses it, and removes the third.

Source: Fan, Lewis and Dauphin, *Hierarchical Neural Story Generation* (2018), section 5.4, for top-k; Holtzman et al.,
*The Curious Case of Neural Text Degeneration* (2020), section 3.1, for top-p.
"""

import torch
from jaxtyping import Float, Int
from torch import Tensor


def greedy(logits: Float[Tensor, "batch vocab"]) -> Int[Tensor, "batch"]:
    """The id of the largest logit of each row.

    >>> greedy(torch.tensor([[0.1, 2.0, 1.0]]))
    tensor([1])
    """
    # TODO: one id per row.
    return logits.argmax(-1)


def apply_temperature(logits: Float[Tensor, "batch vocab"], temperature: float) -> Float[Tensor, "batch vocab"]:
    """The logits of a sharper (below 1) or flatter (above 1) distribution: each is divided by the temperature.

    A temperature of 0 or less raises a `ValueError` that names it.

    >>> apply_temperature(torch.tensor([[1.0, 3.0]]), 0.5)
    tensor([[2., 6.]])
    """
    # TODO: refuse a temperature that is not above 0.
    # TODO: divide.
    if temperature <= 0:
        raise ValueError(f"the temperature must be above 0, not {temperature}")
    return logits / temperature


def top_k_filter(logits: Float[Tensor, "batch vocab"], k: int) -> Float[Tensor, "batch vocab"]:
    """The k largest logits of each row as they are, all others −inf, in the dtype of `logits`.

    Tokens that tie with the k-th all stay. A k above the vocabulary keeps everything; one below 1 raises a
    `ValueError` that names it.

    >>> top_k_filter(torch.tensor([[1.0, 3.0, 2.0]]), 2)
    tensor([[-inf, 3., 2.]])
    """
    # TODO: refuse a k below 1, and use no more than the vocabulary has.
    # TODO: find the k-th largest logit of each row; what is below it becomes -inf, in a new tensor.
    if k < 1:
        raise ValueError(f"k must be at least 1, not {k}")
    kth = logits.topk(min(k, logits.shape[-1])).values[..., -1:]
    return logits.masked_fill(logits < kth, -torch.inf)


def top_p_filter(logits: Float[Tensor, "batch vocab"], p: float) -> Float[Tensor, "batch vocab"]:
    """The smallest set of likeliest tokens whose probabilities sum to `p` or more; all others become −inf.

    The probabilities are the softmax of the row. Logits in the thousands must not overflow. The logits that stay are
    as they were, in their dtype. The token that crosses `p` stays, so at least one always does. `p=1` keeps
    everything. A logit that is −inf already has no probability and stays −inf. Among equal logits at the border any
    may stay, but no more of them than `p` needs. A p that is not above 0 and at most 1 raises a `ValueError` that
    names it.

    >>> top_p_filter(torch.tensor([[0.5, 0.2, 0.3]]).log(), 0.6)
    tensor([[-0.6931,    -inf, -1.2040]])
    """
    # TODO: refuse a p that is not above 0 and at most 1; with p = 1 there is nothing to remove.
    # TODO: sort the probabilities from large to small; a token stays while the sum before it is below p.
    # TODO: bring the marks back from sorted order to the tokens' own places, and fill with -inf.
    if not 0 < p <= 1:
        raise ValueError(f"p must be above 0 and at most 1, not {p}")
    if p == 1:  # the sum could reach 1 by rounding before the last token
        return logits.clone()
    probabilities, order = logits.softmax(-1).sort(-1, descending=True)
    keep_sorted = probabilities.cumsum(-1) - probabilities < p
    keep = torch.zeros_like(keep_sorted).scatter(-1, order, keep_sorted)
    return logits.masked_fill(~keep, -torch.inf)


def sample(
    logits: Float[Tensor, "batch vocab"],
    generator: torch.Generator | None,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
) -> Int[Tensor, "batch"]:
    """One id per row, drawn with `generator` from the softmax of the filtered logits, each row by a draw of its own.

    The temperature comes first, then top-k, then top-p over the probabilities of what is left. A filter that is None
    is left out. `temperature=0` is greedy, and only then may the generator be None; a negative one is a `ValueError`
    that names it. Logits in the thousands must not overflow.

    >>> sample(torch.tensor([[0.0, 9.0, 1.0]]), torch.Generator(), top_k=1)
    tensor([1])
    """
    # TODO: temperature 0 is greedy.
    # TODO: apply the temperature, then each filter that is given.
    # TODO: draw one id per row from the softmax, with the generator.
    if temperature == 0:
        return greedy(logits)
    logits = apply_temperature(logits, temperature)
    if top_k is not None:
        logits = top_k_filter(logits, top_k)
    if top_p is not None:
        logits = top_p_filter(logits, top_p)
    return torch.multinomial(logits.softmax(-1), 1, generator=generator).squeeze(-1)
