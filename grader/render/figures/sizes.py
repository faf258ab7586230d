"""The measures of a picture: a wide page has panels side by side, a narrow one has them in one column."""

from __future__ import annotations

from dataclasses import dataclass

WIDE = 900
NARROW = 390
STACKED_BELOW = 620
PIXELS_PER_INCH = 100
POINTS_PER_INCH = 72
LEAST, MOST = 320, 2400


@dataclass(frozen=True)
class Sizes:
    """All sizes of a picture of so many pixels across. Letters keep their size in pixels, whatever the width."""

    width: int

    @property
    def is_narrow(self) -> bool:
        return self.width < STACKED_BELOW

    @property
    def inches(self) -> float:
        return self.width / PIXELS_PER_INCH

    @property
    def margin(self) -> float:
        """In inches."""
        return 0.14 if self.is_narrow else 0.24

    @property
    def room(self) -> float:
        """For a line of text across the picture, in points."""
        return (self.inches - 2 * self.margin) * POINTS_PER_INCH

    @property
    def title(self) -> float:
        return 12.0 if self.is_narrow else 14.5

    @property
    def text(self) -> float:
        return 9.5 if self.is_narrow else 10.5

    @property
    def label(self) -> float:
        return 9.0 if self.is_narrow else 9.5

    def columns(self, panels: int, of_one: int, are_small: bool) -> int:
        """How many panels stand side by side: of `panels` in all, `of_one` for each of the versions that are shown."""
        if are_small and of_one == 4:
            return 2 if self.is_narrow else 4
        if self.is_narrow:
            return 1
        return 2 if panels == 4 or of_one % 2 == 0 else min(panels, 3)
