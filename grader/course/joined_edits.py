"""Two changes of one text in a third: where they do not touch each other."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Edit:
    """What stands from `start` to `stop` becomes `text`."""

    start: int
    stop: int
    text: str


def edit_between(base: str, changed: str) -> Edit:
    """The shortest stretch of `base` that holds all that is different."""
    start = _alike(base, changed)
    most = min(len(base), len(changed)) - start
    stop = len(base) - min(_alike(base[::-1], changed[::-1]), most)
    return Edit(start, stop, changed[start : len(changed) - (len(base) - stop)])


def _alike(one: str, other: str) -> int:
    """How many characters at the beginning are the same."""
    least, most = 0, min(len(one), len(other))
    while least < most:  # whole stretches are compared faster than characters
        middle = (least + most + 1) // 2
        if one[least:middle] == other[least:middle]:
            least = middle
        else:
            most = middle - 1
    return least


def joined(base: str, one: str, other: str) -> str | None:
    """`base` with both changes; None where they overlap, or touch, so that nobody knows what both would be."""
    first, second = sorted((edit_between(base, one), edit_between(base, other)), key=lambda edit: edit.start)
    if first.stop >= second.start:
        return None
    between = base[first.stop : second.start]
    return base[: first.start] + first.text + between + second.text + base[second.stop :]
