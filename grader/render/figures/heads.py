"""What stands above a panel: its title, and the legend between it and the axes, where it hides nothing."""

from __future__ import annotations

from dataclasses import dataclass

from grader.learner.pictures.data import Bars, Cloud, Curves, Panel
from grader.render.figures.sizes import POINTS_PER_INCH, Sizes
from grader.render.figures.text import LINE_HEIGHT, width_of, wrapped

REFERENCE_LABEL = "the reference's"
SIDE = 0.7  # inches that an upright axis takes
KEY = 34.0  # points that a legend's sign takes
ABOVE_AXES = 6.0  # points


@dataclass(frozen=True)
class Head:
    """The lines of the title, and how the legend's labels are set: in so many columns and rows."""

    lines: tuple[str, ...]
    columns: int
    rows: int
    sizes: Sizes

    @property
    def legend(self) -> float:
        """The height of the legend and the space below the title, in points."""
        return ABOVE_AXES + self.rows * self.sizes.label * LINE_HEIGHT

    @property
    def height(self) -> float:
        """In inches."""
        return (self.legend + len(self.lines) * self.sizes.text * LINE_HEIGHT) / POINTS_PER_INCH


def head_of(panel: Panel, title: str, has_beside: bool, sizes: Sizes, width: float) -> Head:
    """What stands above the panel, `width` inches wide."""
    room = (width - SIDE) * POINTS_PER_INCH
    labels = [*labels_of(panel), *([REFERENCE_LABEL] if has_beside else [])]
    widest = max((width_of(label, sizes.label) for label in labels), default=0.0) + KEY
    columns = max(1, min(len(labels), int(room / widest)))
    return Head(tuple(wrapped(title, sizes.text, room, is_bold=True)), columns, -(-len(labels) // columns), sizes)


def labels_of(panel: Panel) -> list[str]:
    """What the legend explains. A grid of values has a scale in its place."""
    if isinstance(panel, Curves):
        return [line.label for line in panel.lines] + [limit.label for limit in panel.limits]
    if isinstance(panel, Cloud):
        return [group.label for group in panel.groups]
    return [series.label for series in panel.series] if isinstance(panel, Bars) else list(panel.words)
