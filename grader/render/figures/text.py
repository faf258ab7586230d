"""The texts of a picture: how wide they are, and where their lines break."""

from __future__ import annotations

from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.ft2font import LoadFlags

from grader.render.figures.sizes import POINTS_PER_INCH

FAMILY = "DejaVu Sans"  # it comes with matplotlib, so that a picture looks alike everywhere
LINE_HEIGHT = 1.4  # of the size
UNITS = 64  # of a font's measures, in a point
SAFETY = 1.04  # what is drawn on whole pixels is a little wider than the letters are


def width_of(text: str, size: float, is_bold: bool = False) -> float:
    """In points."""
    font = get_font(findfont(FontProperties(family=FAMILY, weight="bold" if is_bold else "normal")))
    font.set_size(size, POINTS_PER_INCH)
    font.set_text(text, 0.0, flags=LoadFlags.NO_HINTING)
    return SAFETY * float(font.get_width_height()[0]) / UNITS


def wrapped(text: str, size: float, room: float, is_bold: bool = False) -> list[str]:
    """The text in lines of at most `room` points. A word that is longer stands alone."""
    lines: list[str] = []
    for word in text.split():
        if lines and width_of(f"{lines[-1]} {word}", size, is_bold) <= room:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines
