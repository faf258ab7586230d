"""`train_gpt` clips right after `zero_grad`, before `backward`, so there is nothing to clip and no step is clipped."""

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
    n = data.size(0)
    if context < 1 or n < context + 1:
        raise ValueError(f"context {context} does not fit into {n} tokens")
    ix = torch.randint(n - context, (batch_size,), generator=generator)
    chunk = torch.stack([data[i : i + context + 1] for i in ix.tolist()])
    return next_token_targets(chunk)


@torch.no_grad()
def evaluate(model: nn.Module, data: Tensor, context: int, batch_size: int) -> float:
    n = data.size(0)
    if context < 1 or n < context + 1:
        raise ValueError(f"context {context} does not fit into {n} tokens")

    # windows of one length go through the model together
    windows = [data[i : i + context + 1] for i in range(0, n - 1, context)]
    batches = []
    while windows and len(windows[0]) == context + 1:
        same = [w for w in windows[:batch_size] if len(w) == context + 1]
        batches.append(torch.stack(same))
        windows = windows[len(same) :]
    batches.extend(w.unsqueeze(0) for w in windows)

    total, tokens = 0.0, 0
    with in_mode(model, training=False):
        for batch in batches:
            x, y = next_token_targets(batch)
            total += y.numel() * cross_entropy(model(x), y).item()
            tokens += y.numel()
    return total / tokens


def train_gpt(
    model: nn.Module,
    train_ids: Tensor,
    val_ids: Tensor,
    settings: TrainSettings,
    checkpoint: str | Path | None = None,
    on_step: Callable[[int, float], None] | None = None,
) -> TrainResult:
    result = TrainResult([], [])
    optimizer = AdamW(parameter_groups(model, settings.weight_decay), lr=settings.max_lr)
    g = torch.Generator().manual_seed(settings.seed)
    first = 1
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        if checkpoint is not None and os.path.exists(checkpoint):
            c = torch.load(checkpoint)
            model.load_state_dict(c["model"])
            optimizer.load_state_dict(c["optim"])
            g.set_state(c["g"])
            torch.set_rng_state(c["torch"])
            result = TrainResult(c["losses"], c["val_losses"])
            first = c["step"] + 1

        model.train()
        for step in range(first, settings.steps + 1):
            lr = cosine_with_warmup(step, settings.max_lr, settings.min_lr, settings.warmup_steps, settings.steps)
            for group in optimizer.param_groups:
                group["lr"] = lr

            x, y = get_batch(train_ids, settings.batch_size, settings.context, g)
            logits = model(x)
            loss = cross_entropy(logits, y)
            optimizer.zero_grad()
            clip_gradients(model.parameters(), settings.max_norm)
            loss.backward()
            optimizer.step()
            result.losses.append(loss.item())

            last = step == settings.steps
            if last or step % settings.eval_every == 0:
                val_loss = evaluate(model, val_ids, settings.context, settings.batch_size)
                result.val_losses.append(val_loss)
                if checkpoint is not None:
                    c = {"model": model.state_dict(), "optim": optimizer.state_dict(), "step": step}
                    c.update(g=g.get_state(), torch=torch.get_rng_state())
                    c.update(losses=result.losses, val_losses=result.val_losses)
                    new = os.fspath(checkpoint) + ".new"
                    torch.save(c, new)
                    os.replace(new, checkpoint)

            if on_step is not None:
                on_step(step, loss.item())
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
