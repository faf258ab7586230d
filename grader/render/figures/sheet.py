"""A whole picture: the title above, the panels, and below them the question and the sentence that says what to see."""

from __future__ import annotations

from dataclasses import dataclass

from matplotlib.figure import Figure

from grader.learner.pictures.data import Bars, Cloud, Curves, Grid, Panel
from grader.learner.pictures.making import Pair
from grader.render.figures.heads import SIDE, Head, head_of
from grader.render.figures.palette import CARD, INK, QUIET_INK
from grader.render.figures.panels import LONGEST_UPRIGHT_NAME, draw_panel, has_square_cells
from grader.render.figures.sizes import PIXELS_PER_INCH, POINTS_PER_INCH, Sizes
from grader.render.figures.text import LINE_HEIGHT, width_of, wrapped

YOURS, REFERENCES = "yours", "the reference's"
SAME = "The reference's picture is the same."
FEW_CELLS = 8
GAP = 0.12  # inches between the parts of a sheet


@dataclass(frozen=True)
class _Place:
    """A panel where it is drawn. `beside` is the reference's, which goes into the same axes."""

    panel: Panel
    title: str
    beside: Panel | None = None


@dataclass(frozen=True)
class _Words:
    """A paragraph, broken into lines."""

    lines: tuple[str, ...]
    size: float
    colour: str
    is_bold: bool = False

    @property
    def height(self) -> float:
        """In inches."""
        return len(self.lines) * self.size * LINE_HEIGHT / POINTS_PER_INCH


def draw(pair: Pair, width: int) -> Figure:
    """The picture, `width` pixels wide and as high as it must be."""
    sizes, places = Sizes(width), _places(pair)
    columns = sizes.columns(len(places), len(pair.own.panels), all(_is_small(p) for p in pair.own.panels))
    rows = -(-len(places) // columns)
    column_width = (sizes.inches - 2 * sizes.margin) / columns
    heights = [
        max(_height(place, column_width, sizes) for place in places[row * columns : (row + 1) * columns])
        for row in range(rows)
    ]
    title = _words(pair.own.title, sizes.title, INK, sizes.room, is_bold=True)
    caption = _caption(pair, sizes)
    below = sum(words.height + GAP / 2 for words in caption) + GAP
    total = GAP + title.height + sum(heights) + GAP + below
    figure = Figure(figsize=(sizes.inches, total), dpi=PIXELS_PER_INCH, facecolor=CARD)
    side = sizes.margin / sizes.inches
    figure.set_layout_engine(
        "constrained", rect=(side, below / total, 1 - 2 * side, sum(heights) / total), h_pad=0.08, w_pad=0.06
    )
    grid = figure.add_gridspec(rows, columns, height_ratios=heights)
    for number, place in enumerate(places):
        axes = figure.add_subplot(grid[number // columns, number % columns])
        draw_panel(axes, place.panel, place.beside, _head(place, column_width, sizes), sizes, column_width)
    _write(figure, title, GAP, total, sizes)
    top = total - below + GAP
    for words in caption:
        _write(figure, words, top, total, sizes)
        top += words.height + GAP / 2
    return figure


def _places(pair: Pair) -> list[_Place]:
    """The learner's panels, and the reference's where they differ: in the same axes, or after all of the learner's."""
    reference = pair.reference
    if reference is None or pair.is_same or len(reference.panels) != len(pair.own.panels):
        return [_Place(panel, panel.title) for panel in pair.own.panels]
    together = all(_goes_into_one(a, b) for a, b in zip(pair.own.panels, reference.panels, strict=True))
    if together:
        return [_Place(a, a.title, b) for a, b in zip(pair.own.panels, reference.panels, strict=True)]
    own = [_Place(panel, f"{YOURS}: {panel.title}") for panel in pair.own.panels]
    return own + [_Place(panel, f"{REFERENCES}: {panel.title}") for panel in reference.panels]


def _goes_into_one(own: Panel, reference: Panel) -> bool:
    if isinstance(own, Bars) and isinstance(reference, Bars):
        return own.names == reference.names and len(own.series) == len(reference.series)
    return isinstance(own, Curves) and isinstance(reference, Curves)


def _is_small(panel: Panel) -> bool:
    """A grid of few cells can be read at a quarter of the width."""
    return isinstance(panel, Grid) and bool(panel.words) and len(panel.rows[0]) <= FEW_CELLS


def _head(place: _Place, width: float, sizes: Sizes) -> Head:
    return head_of(place.panel, place.title, place.beside is not None, sizes, width)


def _height(place: _Place, width: float, sizes: Sizes) -> float:
    """In inches, with all that stands around the axes."""
    panel, square = place.panel, width - SIDE - 0.1
    lines = len(wrapped(panel.x_label, sizes.label, square * POINTS_PER_INCH))
    around = _head(place, width, sizes).height + 0.42 + lines * sizes.label * LINE_HEIGHT / POINTS_PER_INCH
    if isinstance(panel, Grid):
        return around + _height_of_grid(panel, width, sizes)
    if isinstance(panel, Cloud) or (isinstance(panel, Curves) and panel.is_square):
        return around + square
    return around + min(3.4, max(0.65 * width, 2.2))


def _height_of_grid(panel: Grid, width: float, sizes: Sizes) -> float:
    """The cells take the width that names leave them; their own shape says how high they are."""
    longest = [max((width_of(n, sizes.label) for n in names), default=22.0) for names in (panel.x_names, panel.y_names)]
    turned = any(len(name) > LONGEST_UPRIGHT_NAME for name in panel.x_names)
    below = longest[0] / POINTS_PER_INCH if turned else 0.0
    across = width - longest[1] / POINTS_PER_INCH - 0.5
    shape = len(panel.rows) / len(panel.rows[0])
    cells = across * shape if has_square_cells(panel) else 0.8 * across
    return below + cells + (0.0 if panel.words else 0.62)


def _caption(pair: Pair, sizes: Sizes) -> list[_Words]:
    own = pair.own
    words = [
        _words(own.question, sizes.text, INK, sizes.room, is_bold=True),
        _words(own.sentence, sizes.text, INK, sizes.room),
    ]
    if pair.is_same:
        words.append(_words(SAME, sizes.label, QUIET_INK, sizes.room))
    return words


def _words(text: str, size: float, colour: str, room: float, is_bold: bool = False) -> _Words:
    return _Words(tuple(wrapped(text, size, room, is_bold)), size, colour, is_bold)


def _write(figure: Figure, words: _Words, top: float, total: float, sizes: Sizes) -> None:
    """Write a paragraph, `top` inches below the upper edge."""
    text = figure.text(
        sizes.margin / sizes.inches, 1 - top / total, "\n".join(words.lines), fontsize=words.size, color=words.colour,
        fontweight="bold" if words.is_bold else "normal", va="top", ha="left", linespacing=LINE_HEIGHT * 0.86,
    )  # fmt: skip
    text.set_in_layout(False)
