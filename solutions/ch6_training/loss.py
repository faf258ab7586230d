"""# The language-model loss

**How wrong is a prediction, as one number that a gradient can lower?** The share of right answers does not serve: it
stays the same while the right token rises from 0.1 to 0.4 behind one of 0.5, so its gradient is zero.

A language model reads the tokens so far and gives each token of the vocabulary a score, its *logit*, for
coming next. Every position of a text is a question and the token after it is the answer, so one text of `seq`
tokens holds `seq - 1` questions: the inputs are the text without its last token, the targets are the text
without its first.

The loss of one question is the negative logarithm of the probability that the softmax gives the right token:

    loss = -log( exp(logits[target]) / sum(exp(logits)) ) = logsumexp(logits) - logits[target]

The form on the right is the one to compute. `exp` of a logit of 1000 overflows, and log-sum-exp takes the
largest logit out first. The mean over all targets is the *cross-entropy*, in nats per token. `exp` of it is
the *perplexity*: the model is as unsure as if it chose evenly among that many tokens.

Some positions have no target, such as padding. They carry `ignore_index` and count neither in the sum nor in
the mean.

| name | shape |
|---|---|
| `ids` | `(batch, seq)` or `(seq,)`, int64 |
| `inputs`, `targets` | as `ids`, one shorter on the last axis |
| `logits` | `(..., vocab)`, scores before any softmax |
| `targets` | `(...)`, int64, each from 0 to `vocab - 1` or `ignore_index` |
| the loss | no axes: one number |

By hand: logits `[0, 0]` and target `1` give `log 2 ≈ 0.693`; logits `[0, log 3]` and target `1` give
`-log(3/4) ≈ 0.288`. A perplexity of 2 is a fair coin.

Not to be used here: `F.cross_entropy` and `nn.CrossEntropyLoss`, which are this exercise.

Source: Bengio, Ducharme, Vincent and Jauvin, *A Neural Probabilistic Language Model*, JMLR 3 (2003), section 2, on
the likelihood that training maximises; perplexity: Jelinek, Mercer, Bahl and Baker, *Perplexity, a measure of the
difficulty of speech recognition tasks* (1977).
"""

import math

from jaxtyping import Float, Int
from torch import Tensor


def next_token_targets(ids: Int[Tensor, "... seq"]) -> tuple[Int[Tensor, "... seq-1"], Int[Tensor, "... seq-1"]]:
    """What the model reads and what it is to predict: `(inputs, targets)`, both one shorter than `ids`.

    `targets[..., t]` is the token that comes after `inputs[..., t]`. The sequence is the last axis, whatever stands
    before it; an axis of length 1 stays.

    >>> next_token_targets(torch.tensor([5, 6, 7]))
    (tensor([5, 6]), tensor([6, 7]))
    """
    # TODO: leave out the last token of each sequence for the inputs, and the first for the targets.
    return ids[..., :-1], ids[..., 1:]


def cross_entropy(
    logits: Float[Tensor, "... vocab"], targets: Int[Tensor, "..."], ignore_index: int = -100
) -> Float[Tensor, ""]:
    """The mean of `logsumexp(logits) - logits[target]` over the targets that are not `ignore_index`, in nats.

    The vocabulary is the last axis of `logits`; the other axes are those of `targets`, one or more of them, and every
    target that counts weighs the same. Logits of ±10,000 give the right loss, as exactly as the dtype holds such
    logits, however improbable the target is. A logit of -inf that is not the target's has no weight, at an ignored
    position either. `logits` may lie in memory in any order. Gradients flow to `logits`; those of ignored positions
    are zero. The loss has the dtype of `logits`, float32 or float64. If every target is ignored, the mean of nothing
    is NaN, as in PyTorch. A target that is neither `ignore_index`, which may be any integer, nor an id of the
    vocabulary raises an `IndexError` that names it.

    >>> cross_entropy(torch.tensor([[0.0, 0.0], [9.0, 1.0]]), torch.tensor([1, -100]))
    tensor(0.6931)
    """
    # TODO: find the targets that count, and reject those that are no id of the vocabulary.
    # TODO: take log-sum-exp over the vocabulary, minus the logit of the target, for the targets that count.
    # TODO: return the mean over the targets that count.
    counts = targets != ignore_index
    logits, targets = logits[counts], targets[counts]
    outside = targets[(targets < 0) | (targets >= logits.size(-1))]
    if outside.numel():
        raise IndexError(f"target {outside[0].item()} is not in a vocabulary of {logits.size(-1)}")
    chosen = logits.gather(-1, targets.unsqueeze(-1)).squeeze(-1)
    return (logits.logsumexp(-1) - chosen).mean()


def perplexity(mean_loss: float) -> float:
    """`exp` of a mean loss in nats per token: among how many equally likely tokens the model chooses.

    >>> perplexity(0.0)
    1.0
    """
    # TODO: undo the logarithm of the loss, which is the natural one.
    return math.exp(mean_loss)
