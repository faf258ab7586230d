"""Colours, line styles, marks and hatches that people of any colour vision can tell apart, on a white card."""

from __future__ import annotations

from dataclasses import dataclass

from matplotlib.colors import LinearSegmentedColormap, ListedColormap


@dataclass(frozen=True)
class Style:
    """How one series looks: no two differ by colour alone."""

    colour: str
    line: str | tuple[int, tuple[int, ...]]
    mark: str
    hatch: str


# Those of Okabe and Ito's colours that stand out on white by 3 : 1, and black.
STYLES = (
    Style("#0072B2", "-", "o", ""),
    Style("#D55E00", "--", "s", "///"),
    Style("#009E73", "-.", "^", "..."),
    Style("#CC79A7", ":", "D", "xxx"),
    Style("#000000", (0, (8, 2, 1, 2, 1, 2)), "v", "\\\\\\"),
)
CARD = "#FFFFFF"
INK = "#1A1A1A"
QUIET_INK = "#595959"  # 7 : 1 on white
RULE = "#D9D9D9"
REFERENCE = "#9A9A9A"
FROM_ZERO = "cividis"
AROUND_ZERO = LinearSegmentedColormap.from_list("around zero", ("#A6450B", "#F7F7F7", "#0B5A8C"))
NO_AND_YES = ListedColormap(("#E3E3E3", "#0072B2"))


def style(number: int) -> Style:
    """The style of the series of this number, from 0; after the last one they begin again."""
    return STYLES[number % len(STYLES)]
