"""The figure of a training run: the loss of each step, the held-out ones, and the floors where they are known."""

from __future__ import annotations

import io

from grader.learner.train_loop import Losses

TRAINING, HELD_OUT = "#0072B2", "#D55E00"  # apart for colour-blind eyes, and in grey


def loss_figure(losses: Losses, floors: dict[str, float], unit: str) -> bytes:
    """A PNG. `floors` are drawn as lines under their names; `unit` is what a loss is for."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 4.5), layout="constrained")
    axes = figure.add_subplot()
    axes.plot(
        range(1, len(losses.training) + 1), losses.training, color=TRAINING, alpha=0.5, linewidth=0.8,
        label="training, each batch",
    )  # fmt: skip
    if losses.held_out:
        steps, values = zip(*losses.held_out, strict=True)
        axes.plot(steps, values, color=HELD_OUT, marker="o", label="held-out text")
    for (name, floor), style in zip(floors.items(), ("--", ":"), strict=False):
        axes.axhline(floor, linestyle=style, color="black", label=name)
    axes.set(title="Loss of your GPT while it is trained", xlabel="step", ylabel=f"loss in nats per {unit}")
    axes.set_ylim(bottom=0)
    axes.grid(alpha=0.3)
    axes.legend()
    written = io.BytesIO()
    figure.savefig(written, format="png", dpi=120)
    return written.getvalue()
