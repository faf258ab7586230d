"""# Training a GPT

**Has the model learned the language, or its training text by heart?** The training loss cannot tell: it is lowest
for a model that knows the text by heart and predicts nothing else.

Everything meets here: your GPT, your loss, your AdamW, your schedule and your clipping. One step draws a
batch of windows from the text, predicts at every position of every window at once, and follows the gradient.

The corpus comes from a grammar whose *entropy* is known exactly: the average surprise of the next character to
someone who knows the grammar by heart. No model can have a lower mean loss on fresh text. That is the *floor*, and a
good training run ends near it. The grader measures your trained model itself, on text that it has drawn freshly.

Long runs are interrupted. A *checkpoint* is a file with everything that the rest of the run depends on: the
parameters, the optimizer's state, the state of the random numbers, the step and the losses so far. A run that
goes on from it ends exactly as if it had never been stopped, bit for bit. It is written to a temporary file
first and then moved into place with `os.replace`: whoever looks, at whatever moment, finds either the old
checkpoint or the new one, and never half of one.

| name | shape |
|---|---|
| `data`, `train_ids`, `val_ids` | `(n,)`, int64, one long text |
| `x`, `y` | `(batch_size, context)`, `y` is `x` moved on by one token |

By hand: from `data = [0, 1, 2, 3, 4]` with a context of 3 there are two windows: `x = [0, 1, 2]` with
`y = [1, 2, 3]`, and `x = [1, 2, 3]` with `y = [2, 3, 4]`.

Source: Radford et al., *Improving Language Understanding by Generative Pre-Training* (2018), sections 3.1 and
4.1; the floor is the entropy rate of Shannon, *A Mathematical Theory of Communication* (1948), section 7.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import Int
from torch import Tensor, nn

from ch4_blocks.blocks import in_mode
from ch5_models.gpt import GPT, GPTConfig  # noqa: F401 # the model to train
from ch6_training.adamw import AdamW, parameter_groups
from ch6_training.loss import cross_entropy, next_token_targets
from ch6_training.schedule import clip_gradients, cosine_with_warmup


@dataclass(frozen=True)
class TrainSettings:
    """What a run depends on, besides the model and the text. `steps`, `batch_size` and `eval_every` are 1 or more."""

    steps: int
    batch_size: int
    context: int
    max_lr: float
    min_lr: float
    warmup_steps: int
    weight_decay: float = 0.1
    max_norm: float = 1.0
    seed: int = 0
    eval_every: int = 100


@dataclass
class TrainResult:
    """`losses` has the training loss of each step before its update, `val_losses` what each evaluation found."""

    losses: list[float]
    val_losses: list[float]


def get_batch(
    data: Int[Tensor, "n"], batch_size: int, context: int, generator: torch.Generator
) -> tuple[Int[Tensor, "batch context"], Int[Tensor, "batch context"]]:
    """Windows of `context` tokens that start anywhere in `data`, and the same windows one token further on.

    The starts are drawn from `generator` alone, evenly and for each row anew, and every window that has all its
    targets is possible, the last one too. A text of `context + 1` tokens is enough. A context below 1, and data with
    fewer tokens than that, raise a `ValueError` that gives the context or the number of tokens.

    >>> get_batch(torch.tensor([7, 8, 9]), 1, 2, torch.Generator())
    (tensor([[7, 8]]), tensor([[8, 9]]))
    """
    # TODO: reject a context that is below 1 or does not fit.
    # TODO: draw the starts with one call of torch.randint; how many starts are there?
    # TODO: gather windows of context + 1 tokens and split them into inputs and targets.
    raise NotImplementedError


@torch.no_grad()
def evaluate(model: nn.Module, data: Int[Tensor, "n"], context: int, batch_size: int) -> float:
    """The mean loss in nats per token over `data`: every token but the first is predicted exactly once.

    `data` is cut into windows that begin at 0, `context`, 2 · `context` and so on. Each predicts the tokens one
    further on; the last window may be shorter than the others. `batch_size` windows go through the model at once, which
    changes nothing about the result: every token has the same weight. The model is in eval mode meanwhile and in
    its former mode (`model.training`) afterwards, and no gradient is kept. A context below 1, and data that is shorter
    than a window and its targets (`context + 1` tokens), raise a `ValueError` that gives the context or the number of
    tokens.

    >>> guess = nn.Embedding.from_pretrained(torch.zeros(10, 10))  # the same logit for each of ten tokens
    >>> loss = evaluate(guess, torch.tensor([3, 1, 4, 1, 5, 9]), context=2, batch_size=8)  # [3, 1], [4, 1], [5]
    >>> round(loss, 3)
    2.303
    """
    # TODO: reject arguments that make no sense.
    # TODO: inside `in_mode`, for eval mode: add up the loss of every target over all windows (batch mean times number
    #   of targets), the short one too.
    # TODO: return the sum over the number of targets.
    raise NotImplementedError


def train_gpt(
    model: nn.Module,
    train_ids: Int[Tensor, "n"],
    val_ids: Int[Tensor, "m"],
    settings: TrainSettings,
    checkpoint: str | Path | None = None,
    on_step: Callable[[int, float], None] | None = None,
) -> TrainResult:
    """Train `model` in place, as `settings` say, and return the losses.

    Step `s` runs from 1 to `settings.steps`. It

    1. draws a batch with `get_batch`, from a generator that was seeded with `settings.seed`;
    2. computes the loss in train mode, and appends it to `losses`;
    3. sets the learning rate to `cosine_with_warmup(s, ...)` with `total_steps = steps`, clips the gradients
       to `max_norm`, and takes a step with your AdamW on `parameter_groups(model, weight_decay)`, other
       settings as they are by default;
    4. where `s` is a multiple of `eval_every`, and at the last step: appends
       `evaluate(model, val_ids, context, batch_size)` to `val_losses`, and then writes `checkpoint`, if one is wanted;
    5. calls `on_step(s, loss)`, if given, last of all. Whatever it raises ends the run and passes through. `on_step`
       leaves the model's mode as it is.

    `checkpoint` is a path, as text or as a `Path`; without one nothing is written. Where the file exists at the start,
    the run goes on from it, and ends exactly as it would have without a stop: the same parameters and losses, bit
    for bit, the losses before the stop included. A finished one is just loaded. The settings are those of the run that
    wrote it. The file is always whole, whatever its name: written beside its place, then moved there with `os.replace`,
    so that nothing else is left behind.

    All randomness comes from `settings.seed`. Dropout draws from torch's global generator, so the run seeds that with
    `settings.seed` too, and the checkpoint holds its state; `torch.random.fork_rng` gives the caller's own random state
    back afterwards, also where `on_step` ended the run.

    With enough steps your GPT comes within 5 % of the corpus's floor on text that it has never seen.

    >>> model = GPT(GPTConfig(vocab_size=3, max_len=8, d_model=8, n_layers=1, n_heads=2, d_ff=16))
    >>> settings = TrainSettings(40, batch_size=4, context=6, max_lr=1e-2, min_lr=1e-3, warmup_steps=4)
    >>> result = train_gpt(model, torch.arange(60) % 3, torch.arange(30) % 3, settings)
    >>> len(result.losses), result.val_losses[-1] < result.losses[0]
    (40, True)
    """
    # TODO: inside torch.random.fork_rng(devices=[]), seed torch and a generator for the batches with
    #   settings.seed.
    # TODO: make the optimizer.
    # TODO: if the checkpoint exists, load everything that was saved in it: torch.load, load_state_dict,
    #   set_state, torch.set_rng_state.
    # TODO: for each step that is left, do 1 to 5 above.
    raise NotImplementedError


def plot_losses(result: TrainResult, settings: TrainSettings, floor: float, path: str | Path) -> None:
    """Draw the losses of a run above the corpus's entropy floor, as a PNG."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.add_subplot()
    evaluated = [*range(settings.eval_every, settings.steps, settings.eval_every), settings.steps]
    axes.plot(range(1, len(result.losses) + 1), result.losses, alpha=0.4, label="training, each batch")
    axes.plot(evaluated[: len(result.val_losses)], result.val_losses, marker="o", label="held-out")
    axes.axhline(floor, linestyle="--", color="black", label="floor: the entropy of the corpus")
    axes.set(xlabel="step", ylabel="nats per token", ylim=(0.9 * floor, None))
    axes.legend()
    figure.savefig(path, format="png")
