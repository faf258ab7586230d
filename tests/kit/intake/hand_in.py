"""One hand-in and what is right for it: which file counts for which exercise, its points, what is said of the rest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from intake.files import Files


@dataclass(frozen=True)
class HandIn:
    """A student's entry in a class. `files` is a folder, or the bytes of an archive that is the entry itself.

    `used` has the path that counts for each exercise (for `scale` where it is a text alone), `points` likewise.
    `aside` has all that does not count, with words of the reason; `notes` words of each note. `problem` has words of
    why nothing counts. `checks` tells whether `grader check` in a tree of the same files says the same.
    """

    name: str
    files: Files | bytes
    used: str | Mapping[str, str] = field(default_factory=dict)
    points: float | Mapping[str, float] = 10.0
    aside: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    problem: str = ""
    checks: bool = True

    @property
    def used_by_exercise(self) -> dict[str, str]:
        return {"scale": self.used} if isinstance(self.used, str) else dict(self.used)

    @property
    def points_by_exercise(self) -> dict[str, float]:
        return dict(self.points) if isinstance(self.points, Mapping) else {"scale": self.points}


@dataclass(frozen=True)
class Outcome:
    """What came of a hand-in, in a form in which it is equal to what was declared."""

    used: dict[str, str]
    points: dict[str, float]
    aside: dict[str, str]
    notes: tuple[str, ...]
    problem: str


def declared(hand_in: HandIn) -> Outcome:
    return Outcome(
        hand_in.used_by_exercise,
        hand_in.points_by_exercise,
        dict(hand_in.aside),
        hand_in.notes,
        hand_in.problem,
    )


def as_declared(found: str, words: str) -> str:
    """The declared words where they stand in what was found, so that the two are equal."""
    return words if words and words in found else found
