"""`train_gpt` gives AdamW all parameters with one weight decay, so biases and the gains of norms decay as well."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from ch4_blocks.blocks import in_mode
from ch6_training.adamw import AdamW
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
    if context <= 0:
        raise ValueError("context is " + str(context) + " but must be positive")
    number_of_starts = len(data) - context
    if number_of_starts <= 0:
        raise ValueError("only " + str(len(data)) + " tokens in data")
    starts = torch.randint(0, number_of_starts, (batch_size,), generator=generator)
    x = []
    y = []
    for start in starts.tolist():
        x.append(data[start : start + context])
        y.append(data[start + 1 : start + context + 1])
    return torch.stack(x), torch.stack(y)


def evaluate(model: nn.Module, data: Tensor, context: int, batch_size: int) -> float:
    if context <= 0:
        raise ValueError("context is " + str(context) + " but must be positive")
    if len(data) <= context:
        raise ValueError("only " + str(len(data)) + " tokens in data")

    total_loss = 0.0
    with torch.no_grad(), in_mode(model, training=False):
        start = 0
        while start < len(data) - 1:
            xs = []
            ys = []
            # collect full windows
            while len(xs) < batch_size and start + context < len(data):
                xs.append(data[start : start + context])
                ys.append(data[start + 1 : start + context + 1])
                start += context
            # nothing collected: only the short window at the end is left
            if not xs:
                xs.append(data[start:-1])
                ys.append(data[start + 1 :])
                start = len(data)
            x = torch.stack(xs)
            y = torch.stack(ys)
            total_loss += cross_entropy(model(x), y).item() * y.numel()
    return total_loss / (len(data) - 1)


def train_gpt(
    model: nn.Module,
    train_ids: Tensor,
    val_ids: Tensor,
    settings: TrainSettings,
    checkpoint: str | Path | None = None,
    on_step: Callable[[int, float], None] | None = None,
) -> TrainResult:
    losses = []
    val_losses = []
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        generator = torch.Generator()
        generator.manual_seed(settings.seed)
        optimizer = AdamW(model.parameters(), lr=settings.max_lr, weight_decay=settings.weight_decay)

        start_step = 0
        if checkpoint is not None and os.path.exists(checkpoint):
            saved = torch.load(checkpoint)
            model.load_state_dict(saved["model"])
            optimizer.load_state_dict(saved["optimizer"])
            generator.set_state(saved["generator"])
            torch.set_rng_state(saved["random"])
            start_step = saved["step"]
            losses = saved["losses"]
            val_losses = saved["val_losses"]

        model.train()
        for step in range(start_step + 1, settings.steps + 1):
            x, y = get_batch(train_ids, settings.batch_size, settings.context, generator)
            loss = cross_entropy(model(x), y)
            losses.append(loss.item())

            new_lr = cosine_with_warmup(step, settings.max_lr, settings.min_lr, settings.warmup_steps, settings.steps)
            for group in optimizer.param_groups:
                group["lr"] = new_lr
            optimizer.zero_grad()
            loss.backward()
            clip_gradients(model.parameters(), settings.max_norm)
            optimizer.step()

            if step % settings.eval_every == 0 or step == settings.steps:
                val_losses.append(evaluate(model, val_ids, settings.context, settings.batch_size))
                if checkpoint is not None:
                    saved = {}
                    saved["model"] = model.state_dict()
                    saved["optimizer"] = optimizer.state_dict()
                    saved["generator"] = generator.get_state()
                    saved["random"] = torch.get_rng_state()
                    saved["step"] = step
                    saved["losses"] = losses
                    saved["val_losses"] = val_losses
                    temporary = str(checkpoint) + "_temporary"
                    torch.save(saved, temporary)
                    os.replace(temporary, checkpoint)
            if on_step is not None:
                on_step(step, loss.item())
    return TrainResult(losses=losses, val_losses=val_losses)


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
