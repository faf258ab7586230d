"""Where the names of points go, so that they hide neither each other nor a point."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

MARK = 4.0  # half the side of a point's mark, in points
NEAR = 3.0  # between a mark and its name


@dataclass(frozen=True)
class Box:
    """A rectangle, in points."""

    left: float
    low: float
    right: float
    high: float

    def overlap(self, other: Box) -> float:
        """The area that both cover."""
        across = min(self.right, other.right) - max(self.left, other.left)
        up = min(self.high, other.high) - max(self.low, other.low)
        return max(0.0, across) * max(0.0, up)


def places_of_names(
    points: Sequence[tuple[float, float]], widths: Sequence[float], height: float
) -> list[tuple[float, float]]:
    """For each point the offset of its name's lower left corner, all in points: the best of eight places around it."""
    marks = [Box(x - MARK, y - MARK, x + MARK, y + MARK) for x, y in points]
    taken: list[Box] = []
    offsets = []
    for (x, y), width in zip(points, widths, strict=True):
        around = [(dx, dy, Box(x + dx, y + dy, x + dx + width, y + dy + height)) for dx, dy in _around(width, height)]
        dx, dy, box = min(around, key=lambda place: sum(place[2].overlap(other) for other in (*marks, *taken)))
        taken.append(box)
        offsets.append((dx, dy))
    return offsets


def _around(width: float, height: float) -> list[tuple[float, float]]:
    """To the right above, and on around the point."""
    far, mid = MARK + NEAR / 2, -height / 2
    right, left, up, down = far, -far - width, far, -far - height
    places = [(right, up - NEAR), (right, mid), (right, down + NEAR), (-width / 2, up), (-width / 2, down)]
    return [*places, (left, up - NEAR), (left, mid), (left, down + NEAR)]
