"""`train_gpt` saves no optimizer state in its checkpoint, so a run that goes on starts with AdamW's means at zero."""

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
        raise ValueError(f"expected a context of 1 or more, got {context}")
    if len(data) - context < 1:
        raise ValueError(f"expected more than {context} tokens, got {len(data)}")
    begin = torch.randint(len(data) - context, (batch_size,), generator=generator)
    index = begin.unsqueeze(1) + torch.arange(context + 1).unsqueeze(0)
    window = data[index]
    return window[:, :-1], window[:, 1:]


@torch.no_grad()
def evaluate(model: nn.Module, data: Tensor, context: int, batch_size: int) -> float:
    if context < 1:
        raise ValueError(f"expected a context of 1 or more, got {context}")
    if len(data) - context < 1:
        raise ValueError(f"expected more than {context} tokens, got {len(data)}")
    x_all, y_all = next_token_targets(data)
    x_chunks, y_chunks = list(x_all.split(context)), list(y_all.split(context))
    tail = []
    if len(x_chunks[-1]) < context:
        tail = [(x_chunks.pop()[None], y_chunks.pop()[None])]
    x_batches = torch.stack(x_chunks).split(batch_size)
    y_batches = torch.stack(y_chunks).split(batch_size)
    with in_mode(model, training=False):
        sums = [cross_entropy(model(x), y).double() * y.numel() for x, y in [*zip(x_batches, y_batches), *tail]]
    return torch.stack(sums).sum().item() / len(y_all)


def train_gpt(
    model: nn.Module,
    train_ids: Tensor,
    val_ids: Tensor,
    settings: TrainSettings,
    checkpoint: str | Path | None = None,
    on_step: Callable[[int, float], None] | None = None,
) -> TrainResult:
    path = None if checkpoint is None else Path(checkpoint)
    history = TrainResult(losses=[], val_losses=[])
    optimizer = AdamW(parameter_groups(model, settings.weight_decay), lr=settings.max_lr)
    batches = torch.Generator().manual_seed(settings.seed)

    def learning_rate(step: int) -> float:
        return cosine_with_warmup(step, settings.max_lr, settings.min_lr, settings.warmup_steps, settings.steps)

    def save(step: int) -> None:
        part = path.with_name(path.name + ".part")
        torch.save(
            {
                "step": step,
                "model": model.state_dict(),
                "batches": batches.get_state(),
                "dropout": torch.get_rng_state(),
                "losses": history.losses,
                "val_losses": history.val_losses,
            },
            part,
        )
        os.replace(part, path)

    def load() -> int:
        saved = torch.load(path)
        model.load_state_dict(saved["model"])
        batches.set_state(saved["batches"])
        torch.set_rng_state(saved["dropout"])
        history.losses, history.val_losses = saved["losses"], saved["val_losses"]
        return saved["step"]

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        step = load() if path is not None and path.exists() else 0
        model.train()
        while step < settings.steps:
            step += 1
            x, y = get_batch(train_ids, settings.batch_size, settings.context, batches)
            loss = cross_entropy(model(x), y)
            history.losses.append(loss.item())
            optimizer.zero_grad()
            loss.backward()
            clip_gradients(model.parameters(), settings.max_norm)
            for group in optimizer.param_groups:
                group["lr"] = learning_rate(step)
            optimizer.step()
            if step % settings.eval_every == 0 or step == settings.steps:
                history.val_losses.append(evaluate(model, val_ids, settings.context, settings.batch_size))
                if path is not None:
                    save(step)
            if on_step is not None:
                on_step(step, history.losses[-1])
    return history


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
