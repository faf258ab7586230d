"""`get_batch` draws starts below len(data) - context - 1, so the last window never comes, nor a text of context + 1."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from ch4_blocks.blocks import in_mode
from ch6_training.adamw import AdamW, parameter_groups
from ch6_training.loss import cross_entropy
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


def get_batch(data: Tensor, batch_size: int, context: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    if context < 1:
        raise ValueError(f"context must be at least 1, got {context}")
    if len(data) < context + 1:
        raise ValueError(f"data has only {len(data)} tokens")
    ix = torch.randint(len(data) - context - 1, (batch_size,), generator=generator).tolist()
    x = torch.stack([data[i : i + context] for i in ix])
    y = torch.stack([data[i + 1 : i + 1 + context] for i in ix])
    return x, y


@torch.no_grad()
def evaluate(model: nn.Module, data: Tensor, context: int, batch_size: int) -> float:
    if context < 1:
        raise ValueError(f"context must be at least 1, got {context}")
    if len(data) < context + 1:
        raise ValueError(f"data has only {len(data)} tokens")
    n_targets = len(data) - 1
    n_windows = n_targets // context
    total = 0.0
    with in_mode(model, training=False):
        for first in range(0, n_windows, batch_size):
            starts = [w * context for w in range(first, min(first + batch_size, n_windows))]
            x = torch.stack([data[i : i + context] for i in starts])
            y = torch.stack([data[i + 1 : i + 1 + context] for i in starts])
            total += cross_entropy(model(x), y).item() * y.numel()
        rest = data[n_windows * context :]
        if len(rest) > 1:
            x, y = rest[None, :-1], rest[None, 1:]
            total += cross_entropy(model(x), y).item() * y.numel()
    return total / n_targets


def train_gpt(
    model: nn.Module,
    train_ids: Tensor,
    val_ids: Tensor,
    settings: TrainSettings,
    checkpoint: str | Path | None = None,
    on_step: Callable[[int, float], None] | None = None,
) -> TrainResult:
    s = settings
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(s.seed)
        generator = torch.Generator().manual_seed(s.seed)
        optimizer = AdamW(parameter_groups(model, s.weight_decay), lr=s.max_lr)
        iter_num, losses, val_losses = 0, [], []

        if checkpoint is not None and os.path.exists(checkpoint):
            ckpt = torch.load(checkpoint)
            model.load_state_dict(ckpt["model"])
            optimizer.load_state_dict(ckpt["optimizer"])
            generator.set_state(ckpt["generator"])
            torch.set_rng_state(ckpt["rng"])
            iter_num, losses, val_losses = ckpt["iter_num"], ckpt["losses"], ckpt["val_losses"]

        model.train()
        while iter_num < s.steps:
            iter_num += 1
            X, Y = get_batch(train_ids, s.batch_size, s.context, generator)
            loss = cross_entropy(model(X), Y)
            losses.append(loss.item())

            # determine and set the learning rate for this iteration
            lr = cosine_with_warmup(iter_num, s.max_lr, s.min_lr, s.warmup_steps, s.steps)
            for param_group in optimizer.param_groups:
                param_group["lr"] = lr
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            clip_gradients(model.parameters(), s.max_norm)
            optimizer.step()

            if iter_num % s.eval_every == 0 or iter_num == s.steps:
                val_losses.append(evaluate(model, val_ids, s.context, s.batch_size))
                if checkpoint is not None:
                    ckpt = {
                        "model": model.state_dict(),
                        "optimizer": optimizer.state_dict(),
                        "generator": generator.get_state(),
                        "rng": torch.get_rng_state(),
                        "iter_num": iter_num,
                        "losses": losses,
                        "val_losses": val_losses,
                    }
                    torch.save(ckpt, f"{checkpoint}.tmp")
                    os.replace(f"{checkpoint}.tmp", checkpoint)
            if on_step is not None:
                on_step(iter_num, losses[-1])
    return TrainResult(losses, val_losses)


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
