"""`evaluate` returns the plain mean of the batches' mean losses, so tokens of a smaller or shorter batch weigh more."""

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


def _check_context(data: Tensor, context: int) -> None:
    if context < 1:
        raise ValueError(f"context is {context}, but has to be positive")
    if data.shape[0] <= context:
        raise ValueError(f"{data.shape[0]} tokens are too few for one window and its targets")


def get_batch(data: Tensor, batch_size: int, context: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    _check_context(data, context)
    starts = torch.randint(0, data.shape[0] - context, (batch_size,), generator=generator)
    windows = data.unfold(0, context + 1, 1)[starts]
    return next_token_targets(windows)


@torch.no_grad()
def evaluate(model: nn.Module, data: Tensor, context: int, batch_size: int) -> float:
    _check_context(data, context)
    inputs, targets = next_token_targets(data)
    full = (inputs.shape[0] // context) * context
    batches = list(
        zip(
            inputs[:full].reshape(-1, context).split(batch_size),
            targets[:full].reshape(-1, context).split(batch_size),
        )
    )
    if full < inputs.shape[0]:
        batches.append((inputs[full:].unsqueeze(0), targets[full:].unsqueeze(0)))
    losses = []
    with in_mode(model, training=False):
        for x, y in batches:
            losses.append(cross_entropy(model(x), y).item())
    return sum(losses) / len(losses)


def save_checkpoint(path, model, optimizer, generator, step, result):
    state = {
        "step": step,
        "model_state_dict": model.state_dict(),
        "optimizer_state_dict": optimizer.state_dict(),
        "generator_state": generator.get_state(),
        "torch_state": torch.get_rng_state(),
        "losses": result.losses,
        "val_losses": result.val_losses,
    }
    temporary = Path(f"{path}.partial")
    torch.save(state, temporary)
    os.replace(temporary, path)


def load_checkpoint(path, model, optimizer, generator, result):
    state = torch.load(path)
    model.load_state_dict(state["model_state_dict"])
    optimizer.load_state_dict(state["optimizer_state_dict"])
    generator.set_state(state["generator_state"])
    torch.set_rng_state(state["torch_state"])
    result.losses = state["losses"]
    result.val_losses = state["val_losses"]
    return state["step"]


def train_gpt(
    model: nn.Module,
    train_ids: Tensor,
    val_ids: Tensor,
    settings: TrainSettings,
    checkpoint: str | Path | None = None,
    on_step: Callable[[int, float], None] | None = None,
) -> TrainResult:
    result = TrainResult(losses=[], val_losses=[])
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        generator = torch.Generator()
        generator.manual_seed(settings.seed)
        optimizer = AdamW(parameter_groups(model, settings.weight_decay))

        done = 0
        if checkpoint is not None and Path(checkpoint).exists():
            done = load_checkpoint(checkpoint, model, optimizer, generator, result)

        for step in range(done + 1, settings.steps + 1):
            model.train()
            inputs, targets = get_batch(train_ids, settings.batch_size, settings.context, generator)
            optimizer.zero_grad()
            loss = cross_entropy(model(inputs), targets)
            result.losses.append(loss.item())
            loss.backward()
            clip_gradients(model.parameters(), settings.max_norm)
            lr = cosine_with_warmup(
                step,
                max_lr=settings.max_lr,
                min_lr=settings.min_lr,
                warmup_steps=settings.warmup_steps,
                total_steps=settings.steps,
            )
            for group in optimizer.param_groups:
                group["lr"] = lr
            optimizer.step()

            if step == settings.steps or step % settings.eval_every == 0:
                result.val_losses.append(evaluate(model, val_ids, settings.context, settings.batch_size))
                if checkpoint is not None:
                    save_checkpoint(checkpoint, model, optimizer, generator, step, result)
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
