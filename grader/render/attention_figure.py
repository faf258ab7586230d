"""The figure of a translation's cross-attention: which word of the sentence each word of the translation looked at."""

from __future__ import annotations

import io

from grader.learner.translating import Translated


def attention_figure(done: Translated, kind: str) -> bytes:
    """A PNG or an SVG."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(2.5 + 0.6 * len(done.source), 2 + 0.45 * len(done.target)), layout="constrained")
    axes = figure.add_subplot()
    image = axes.imshow(done.weights or [], vmin=0, vmax=1, cmap="cividis", aspect="auto")
    axes.set_xticks(range(len(done.source)), done.source, rotation=45, ha="right")
    axes.set_yticks(range(len(done.target)), done.target)
    axes.set(xlabel="sentence", ylabel="translation", title="What each word looked at")
    figure.colorbar(image, ax=axes, label="attention weight, mean of the heads")
    written = io.BytesIO()
    figure.savefig(written, format=kind, dpi=150)
    return written.getvalue()
