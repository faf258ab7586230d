"""`evaluate` leaves out the shorter last window, and a run that goes on draws its batches from the seed again."""

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


def get_batch(data: Tensor, batch_size: int, context: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    if context < 1:
        raise ValueError(f"{context=} is below 1")
    if len(data) <= context:
        raise ValueError(f"{len(data)} tokens do not hold a window and its targets")
    rows = torch.randint(len(data) - context, (batch_size,), generator=generator)
    return next_token_targets(torch.stack([data[r : r + context + 1] for r in rows.tolist()]))


@torch.no_grad()
def evaluate(model: nn.Module, data: Tensor, context: int, batch_size: int) -> float:
    if context < 1:
        raise ValueError(f"{context=} is below 1")
    if len(data) <= context:
        raise ValueError(f"{len(data)} tokens do not hold a window and its targets")
    num_windows = (len(data) - 1) // context
    x = data[: num_windows * context].view(num_windows, context)
    y = data[1 : num_windows * context + 1].view(num_windows, context)
    nats = 0.0
    with in_mode(model, training=False):
        for xb, yb in zip(x.split(batch_size), y.split(batch_size)):
            nats += cross_entropy(model(xb), yb).item() * yb.numel()
    return nats / y.numel()


def train_gpt(
    model: nn.Module,
    train_ids: Tensor,
    val_ids: Tensor,
    settings: TrainSettings,
    checkpoint: str | Path | None = None,
    on_step: Callable[[int, float], None] | None = None,
) -> TrainResult:
    optimizer = AdamW(parameter_groups(model, settings.weight_decay), lr=settings.max_lr)
    result = TrainResult([], [])
    step = 0
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        if checkpoint is not None and os.path.exists(checkpoint):
            loaded = torch.load(checkpoint)
            step = loaded["step"]
            result.losses, result.val_losses = loaded["losses"], loaded["val_losses"]
            model.load_state_dict(loaded["model"])
            optimizer.load_state_dict(loaded["optimizer"])
            torch.set_rng_state(loaded["rng"])
        generator = torch.Generator().manual_seed(settings.seed)

        for step in range(step + 1, settings.steps + 1):
            model.train()
            xb, yb = get_batch(train_ids, settings.batch_size, settings.context, generator)
            loss = cross_entropy(model(xb), yb)
            result.losses.append(loss.item())

            optimizer.zero_grad()
            loss.backward()
            clip_gradients(model.parameters(), settings.max_norm)
            for group in optimizer.param_groups:
                group["lr"] = cosine_with_warmup(
                    step, settings.max_lr, settings.min_lr, settings.warmup_steps, settings.steps
                )
            optimizer.step()

            if step % settings.eval_every == 0 or step == settings.steps:
                result.val_losses.append(evaluate(model, val_ids, settings.context, settings.batch_size))
                if checkpoint is not None:
                    to_save = {
                        "step": step,
                        "losses": result.losses,
                        "val_losses": result.val_losses,
                        "model": model.state_dict(),
                        "optimizer": optimizer.state_dict(),
                        "rng": torch.get_rng_state(),
                    }
                    torch.save(to_save, f"{checkpoint}.unfinished")
                    os.replace(f"{checkpoint}.unfinished", checkpoint)
            if on_step is not None:
                on_step(step, result.losses[-1])
    return result


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
