"""Draws the panels of a picture: curves, grids, clouds of points and bars, each on axes of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator, NullFormatter

from grader.learner.pictures.data import Bars, Cloud, Curves, Grid, Line, Panel
from grader.render.figures.heads import REFERENCE_LABEL, Head
from grader.render.figures.labels import places_of_names
from grader.render.figures.palette import AROUND_ZERO, FROM_ZERO, INK, NO_AND_YES, QUIET_INK, REFERENCE, RULE, style
from grader.render.figures.sizes import POINTS_PER_INCH, Sizes
from grader.render.figures.text import width_of, wrapped

TICKS_OF_A_SCALE = 5
NAME_AWAY = 11.0  # points from a curve's point to its name
LONGEST_SIDE = 2.5  # of a grid with square cells, in shorter ones
LONGEST_UPRIGHT_NAME = 2  # characters of a name below a cell; longer ones are turned
INCHES_FOR_A_LENGTH = 0.75
UPRIGHT_ROOM = 2.8  # inches for the words beside an upright axis


def draw_panel(axes: Axes, panel: Panel, beside: Panel | None, head: Head, sizes: Sizes, width: float) -> None:
    """Draw one panel, `width` inches wide; `beside` is the reference's, drawn into the same axes."""
    handles: list[Any]
    if isinstance(panel, Curves):
        handles = _curves(axes, panel, beside if isinstance(beside, Curves) else None, sizes, width)
    elif isinstance(panel, Grid):
        handles = _grid(axes, panel, sizes, width)
    elif isinstance(panel, Cloud):
        handles = _cloud(axes, panel, sizes, width)
    else:
        handles = _bars(axes, panel, beside if isinstance(beside, Bars) else None, sizes, width)
    across, up = (width - 0.9) * POINTS_PER_INCH, UPRIGHT_ROOM * POINTS_PER_INCH
    axes.set_xlabel("\n".join(wrapped(panel.x_label, sizes.label, across)), fontsize=sizes.label, color=INK)
    axes.set_ylabel("\n".join(wrapped(panel.y_label, sizes.label, up)), fontsize=sizes.label, color=INK)
    for spine in axes.spines.values():
        spine.set_color(QUIET_INK)
    if handles:
        axes.legend(
            handles=handles, loc="lower left", bbox_to_anchor=(0, 1.0), ncols=head.columns, frameon=False,
            fontsize=sizes.label, borderaxespad=0.2, handlelength=2.6, labelspacing=0.25, columnspacing=1.2,
        )  # fmt: skip
    title = "\n".join(head.lines)
    axes.set_title(title, fontsize=sizes.text, fontweight="bold", loc="left", pad=head.legend, color=INK)


def _curves(axes: Axes, panel: Curves, beside: Curves | None, sizes: Sizes, width: float) -> list[Any]:
    if beside is not None:
        for line in beside.lines:
            axes.plot(line.x, line.y, color=REFERENCE, alpha=0.45, linewidth=5, label=REFERENCE_LABEL)
    handles: list[Any] = []
    for number, line in enumerate(panel.lines):
        handles += _line(axes, line, number, sizes)
        if line.label == panel.shaded:
            axes.fill_between(line.x, line.y, color=style(number).colour, alpha=0.18, linewidth=0)
    for number, limit in enumerate(panel.limits):
        draw: Callable[..., Line2D] = axes.axvline if limit.is_upright else axes.axhline
        dashes = ((0, (1, 1)), (0, (5, 2)), (0, (5, 2, 1, 2)))[number % 3]
        handles.append(draw(limit.value, color=QUIET_INK, linewidth=1.2, linestyle=dashes, label=limit.label))
    if beside is not None:
        handles.append(Line2D([], [], color=REFERENCE, alpha=0.45, linewidth=5, label=REFERENCE_LABEL))
    axes.set_xscale("log" if panel.log_x else "linear")
    axes.set_yscale("log" if panel.log_y else "linear")
    if panel.is_square:
        axes.set_aspect("equal", adjustable="datalim")
    axes.grid(color=RULE, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(labelsize=sizes.label, colors=INK)
    if panel.log_x:
        _name_lengths(axes, panel.lines[0].x, width)
    axes.yaxis.set_minor_formatter(NullFormatter())
    if not panel.log_x and all(x == int(x) for line in panel.lines for x in line.x):
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    return handles


def _name_lengths(axes: Axes, x: Sequence[float], width: float) -> None:
    """On a logarithmic axis the points themselves are marked, as many as have room, from the longest down."""
    every = -(-len(x) // int(width / INCHES_FOR_A_LENGTH))
    chosen = x[::-1][::every]
    axes.set_xticks(chosen, [f"{value:,.0f}" for value in chosen])
    axes.xaxis.set_minor_formatter(NullFormatter())


def _line(axes: Axes, line: Line, number: int, sizes: Sizes) -> list[Line2D]:
    look = style(number)
    mark = look.mark if line.is_marked or line.names else ""
    drawn = axes.plot(
        line.x, line.y, color=look.colour, linestyle=look.line, marker=mark, markersize=4.5, linewidth=1.9,
        label=line.label,
    )  # fmt: skip
    middle = np.mean(line.x), np.mean(line.y)
    for name, x, y in zip(line.names, line.x, line.y, strict=False):
        outward = np.array((x, y)) - middle
        across, up = NAME_AWAY * outward / max(float(np.linalg.norm(outward)), 1e-9)
        axes.annotate(
            name, (x, y), xytext=(across, up), textcoords="offset points", fontsize=sizes.label, color=INK,
            ha="center", va="center",
        )  # fmt: skip
    return drawn


def _grid(axes: Axes, panel: Grid, sizes: Sizes, width: float) -> list[Any]:
    colours = NO_AND_YES if panel.words else AROUND_ZERO if panel.low < 0 else FROM_ZERO
    image = axes.imshow(
        np.array(panel.rows), cmap=colours, vmin=panel.low, vmax=panel.high, interpolation="none",
        aspect="equal" if has_square_cells(panel) else "auto",
    )  # fmt: skip
    for names, axis in ((panel.x_names, axes.xaxis), (panel.y_names, axes.yaxis)):
        if names:
            cell = (width - 1.0) * POINTS_PER_INCH / len(names)
            axis.set_ticks(range(len(names)), names, fontsize=max(6.5, min(sizes.label, 0.95 * cell)))
        else:
            axis.set_tick_params(labelsize=sizes.label)
    if any(len(name) > LONGEST_UPRIGHT_NAME for name in panel.x_names):
        axes.tick_params("x", labelrotation=90)
    axes.tick_params(colors=INK, length=0 if panel.x_names else 3)
    if panel.words:
        _lines_between(axes, panel)
        return [
            Patch(facecolor=_of(NO_AND_YES, value), edgecolor=QUIET_INK, label=panel.words[1 - value])
            for value in (1, 0)
        ]
    assert axes.figure is not None
    bar = axes.figure.colorbar(image, ax=axes, location="bottom", fraction=0.05, pad=0.03, aspect=32)
    bar.set_ticks(list(np.linspace(panel.low, panel.high, TICKS_OF_A_SCALE)))
    bar.set_label(panel.value_label, fontsize=sizes.label, color=INK)
    bar.ax.tick_params(labelsize=sizes.label, colors=INK)
    return []


def has_square_cells(panel: Grid) -> bool:
    """Whether its cells are as high as wide; a table of very many rows would be a thread."""
    return 1 / LONGEST_SIDE <= len(panel.rows) / len(panel.rows[0]) <= LONGEST_SIDE


def _of(colours: ListedColormap, value: int) -> Any:
    return colours(value)


def _lines_between(axes: Axes, panel: Grid) -> None:
    """Thin white lines, so that cells can be counted."""
    axes.set_xticks(np.arange(-0.5, len(panel.rows[0])), minor=True)
    axes.set_yticks(np.arange(-0.5, len(panel.rows)), minor=True)
    axes.grid(which="minor", color="white", linewidth=1)
    axes.tick_params(which="minor", length=0)


def _cloud(axes: Axes, panel: Cloud, sizes: Sizes, width: float) -> list[Any]:
    handles: list[Any] = []
    for number, group in enumerate(panel.groups):
        look = style(number)
        size = 26 if group.names else 26 + 40 * (len(panel.groups) - 1 - number)  # equal points: one around the other
        handles.append(
            axes.scatter(
                group.x, group.y, color=look.colour, marker=look.mark, s=size, label=group.label, alpha=0.85, zorder=2
            )
        )
    axes.set_box_aspect(1)
    _name_points(axes, panel, sizes, width)
    axes.grid(color=RULE, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(labelsize=sizes.label, colors=INK)
    return handles


def _name_points(axes: Axes, panel: Cloud, sizes: Sizes, width: float) -> None:
    x = [value for group in panel.groups for value in group.x]
    y = [value for group in panel.groups for value in group.y]
    span = 1.2 * (max(np.ptp(x), np.ptp(y)) or 1.0)  # the same for both axes, so that distances can be compared
    for ends, values in ((axes.set_xlim, x), (axes.set_ylim, y)):
        middle = (min(values) + max(values)) / 2
        ends(middle - span / 2, middle + span / 2)
    scale = (width - 0.9) * POINTS_PER_INCH / span
    named = [
        (name, (a, b)) for group in panel.groups for name, a, b in zip(group.names, group.x, group.y, strict=False)
    ]
    points = [(a * scale, b * scale) for _, (a, b) in named]
    offsets = places_of_names(points, [width_of(name, sizes.label) for name, _ in named], sizes.label)
    for (name, point), offset in zip(named, offsets, strict=True):
        axes.annotate(
            name, point, xytext=offset, textcoords="offset points", fontsize=sizes.label, color=INK,
            parse_math=False, va="bottom",
        )  # fmt: skip


def _bars(axes: Axes, panel: Bars, beside: Bars | None, sizes: Sizes, width: float) -> list[Any]:
    sizes_of_names = sizes.label
    places = np.arange(len(panel.names))
    thick = 0.8 / len(panel.series)
    handles: list[Any] = []
    for number, series in enumerate(panel.series):
        look = style(number)
        shifted = places - 0.4 + thick * (number + 0.5)
        bars = axes.bar(
            shifted, series.heights, thick, color=look.colour, hatch=look.hatch, edgecolor="white", linewidth=0.5,
            label=series.label,
        )  # fmt: skip
        handles.append(bars)
        if beside is not None:
            axes.plot(
                shifted, beside.series[number].heights, color=INK, linestyle="none", marker="_", markersize=9,
                markeredgewidth=2,
            )  # fmt: skip
    if beside is not None:
        handles.append(Line2D([], [], color=INK, linestyle="none", marker="_", markersize=9, label=REFERENCE_LABEL))
    axes.set_xticks(places, panel.names, fontsize=sizes_of_names)
    widest = max(width_of(name, sizes_of_names) for name in panel.names)
    if 1.15 * widest > (width - 0.8) * POINTS_PER_INCH / len(panel.names):
        axes.tick_params("x", labelrotation=90)
    if all(height == int(height) for series in panel.series for height in series.heights):
        axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.yaxis.grid(color=RULE, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(colors=INK, labelsize=sizes_of_names)
    return handles
