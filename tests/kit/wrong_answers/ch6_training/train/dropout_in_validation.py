"""`evaluate` leaves the model in the mode it is in, so a model in train mode is evaluated with dropout."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

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
    num_tokens = data.numel()
    if context < 1:
        raise ValueError(f"a context of {context} is not possible")
    if num_tokens < context + 1:
        raise ValueError(f"a text of {num_tokens} tokens has no window with all its targets")
    offsets = torch.randint(high=num_tokens - context, size=(batch_size,), generator=generator)
    columns = torch.arange(context)
    X = data[offsets[:, None] + columns]
    Y = data[offsets[:, None] + columns + 1]
    return X, Y


def evaluate(model: nn.Module, data: Tensor, context: int, batch_size: int) -> float:
    num_tokens = data.numel()
    if context < 1:
        raise ValueError(f"a context of {context} is not possible")
    if num_tokens < context + 1:
        raise ValueError(f"a text of {num_tokens} tokens has no window with all its targets")
    X, Y = data[:-1], data[1:]
    num_full = len(X) // context
    end = num_full * context
    X_full, X_rest = X[:end].reshape(num_full, context), X[end:]
    Y_full, Y_rest = Y[:end].reshape(num_full, context), Y[end:]
    loss_sum, count = 0.0, 0
    with torch.no_grad():
        for i in range(0, num_full, batch_size):
            y = Y_full[i : i + batch_size]
            loss_sum += float(cross_entropy(model(X_full[i : i + batch_size]), y)) * y.numel()
            count += y.numel()
        if len(Y_rest) > 0:
            loss_sum += float(cross_entropy(model(X_rest[None]), Y_rest[None])) * len(Y_rest)
            count += len(Y_rest)
    return loss_sum / count


def train_gpt(
    model: nn.Module,
    train_ids: Tensor,
    val_ids: Tensor,
    settings: TrainSettings,
    checkpoint: str | Path | None = None,
    on_step: Callable[[int, float], None] | None = None,
) -> TrainResult:
    generator = torch.Generator().manual_seed(settings.seed)
    trainer = AdamW(parameter_groups(model, settings.weight_decay), lr=settings.max_lr)
    losses: list[float] = []
    val_losses: list[float] = []
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        if checkpoint is not None and os.path.isfile(checkpoint):
            state = torch.load(checkpoint)
            model.load_state_dict(state["net"])
            trainer.load_state_dict(state["trainer"])
            generator.set_state(state["batches"])
            torch.set_rng_state(state["rng"])
            losses.extend(state["losses"])
            val_losses.extend(state["val_losses"])

        model.train()
        for step in range(len(losses) + 1, settings.steps + 1):
            X, Y = get_batch(train_ids, settings.batch_size, settings.context, generator)
            l = cross_entropy(model(X), Y)
            trainer.zero_grad()
            l.backward()
            losses.append(float(l.detach()))
            for group in trainer.param_groups:
                group["lr"] = cosine_with_warmup(
                    step, settings.max_lr, settings.min_lr, settings.warmup_steps, settings.steps
                )
            clip_gradients(model.parameters(), settings.max_norm)
            trainer.step()
            if step % settings.eval_every == 0 or step == settings.steps:
                val_losses.append(evaluate(model, val_ids, settings.context, settings.batch_size))
                if checkpoint is not None:
                    state = {
                        "net": model.state_dict(),
                        "trainer": trainer.state_dict(),
                        "batches": generator.get_state(),
                        "rng": torch.get_rng_state(),
                        "losses": losses,
                        "val_losses": val_losses,
                    }
                    torch.save(state, str(checkpoint) + ".tmp")
                    os.replace(str(checkpoint) + ".tmp", checkpoint)
            if on_step is not None:
                on_step(step, losses[-1])
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
