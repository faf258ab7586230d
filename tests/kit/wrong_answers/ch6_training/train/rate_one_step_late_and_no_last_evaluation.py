"""`train_gpt` uses the rate of step s - 1 in step s, and evaluates and saves only at multiples of `eval_every`."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from ch4_blocks.blocks import in_mode
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


def check(data: Tensor, context: int) -> None:
    if context < 1:
        raise ValueError(f"`context` should be >= 1, but is {context}")
    if len(data) < context + 1:
        raise ValueError(f"`data` should have at least {context + 1} tokens, but has {len(data)}")


def get_batch(data: Tensor, batch_size: int, context: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    check(data, context)
    input_starts = torch.randint(0, len(data) - context, size=(batch_size, 1), generator=generator)
    positions = input_starts + torch.arange(context)
    return data[positions], data[positions + 1]


@torch.no_grad()
def evaluate(model: nn.Module, data: Tensor, context: int, batch_size: int) -> float:
    check(data, context)
    inputs, labels = next_token_targets(data)
    whole = len(inputs) - len(inputs) % context
    loader = list(
        zip(
            inputs[:whole].view(-1, context).split(batch_size),
            labels[:whole].view(-1, context).split(batch_size),
        )
    )
    if whole != len(inputs):
        loader += [(inputs[None, whole:], labels[None, whole:])]
    total_loss = 0.0
    total_tokens = 0
    with in_mode(model, training=False):
        for input_ids, label_ids in loader:
            num_tokens = label_ids.numel()
            total_loss += cross_entropy(model(input_ids), label_ids).item() * num_tokens
            total_tokens += num_tokens
    return total_loss / total_tokens


def train_gpt(
    model: nn.Module,
    train_ids: Tensor,
    val_ids: Tensor,
    settings: TrainSettings,
    checkpoint: str | Path | None = None,
    on_step: Callable[[int, float], None] | None = None,
) -> TrainResult:
    args = settings
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(args.seed)
        sampler = torch.Generator().manual_seed(args.seed)
        optimizer = AdamW(parameter_groups(model, args.weight_decay), lr=args.max_lr)
        train_losses, eval_losses = [], []
        if checkpoint is not None and os.path.exists(checkpoint):
            state = torch.load(checkpoint)
            model.load_state_dict(state["model"])
            optimizer.load_state_dict(state["optimizer"])
            sampler.set_state(state["sampler"])
            torch.set_rng_state(state["rng_state"])
            train_losses, eval_losses = state["train_losses"], state["eval_losses"]

        model.train()
        for global_step in range(len(train_losses), args.steps):
            lr = cosine_with_warmup(global_step, args.max_lr, args.min_lr, args.warmup_steps, args.steps)
            for group in optimizer.param_groups:
                group["lr"] = lr

            input_ids, label_ids = get_batch(train_ids, args.batch_size, args.context, sampler)
            loss = cross_entropy(model(input_ids), label_ids)
            train_losses.append(loss.item())
            optimizer.zero_grad()
            loss.backward()
            clip_gradients(model.parameters(), args.max_norm)
            optimizer.step()

            if (global_step + 1) % args.eval_every == 0:
                eval_losses.append(evaluate(model, val_ids, args.context, args.batch_size))
                if checkpoint is not None:
                    state = {
                        "model": model.state_dict(),
                        "optimizer": optimizer.state_dict(),
                        "sampler": sampler.get_state(),
                        "rng_state": torch.get_rng_state(),
                        "train_losses": train_losses,
                        "eval_losses": eval_losses,
                    }
                    torch.save(state, f"{checkpoint}.tmp")
                    os.replace(f"{checkpoint}.tmp", checkpoint)
            if on_step is not None:
                on_step(global_step + 1, train_losses[-1])
    return TrainResult(train_losses, eval_losses)


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
