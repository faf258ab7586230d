"""The promises of an exercise: the words of its stub that a right answer keeps, and what stands for each."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from grader.course.curriculum import read_toml
from grader.course.layout import Layout
from grader.errors import ContentError


class Part(StrEnum):
    """How much of the exercise a promise is: what it is about, what belongs to it, what lies at its edge."""

    IDEA = "idea"
    DETAIL = "detail"
    EDGE = "edge"


class Quote(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Words of the docstring of `of`. As prose they promise nothing."""

    of: str
    says: str

    @property
    def words(self) -> str:
        """What it says, on one line."""
        return " ".join(self.says.split())


class Promise(Quote, frozen=True, forbid_unknown_fields=True):
    """Words that a right answer keeps, the tests that check them, and mistakes that break them."""

    part: Part
    tests: tuple[str, ...]
    broken_by: tuple[str, ...]


class Promises(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The table of an exercise."""

    promise: tuple[Promise, ...] = ()
    prose: tuple[Quote, ...] = ()

    def part_of(self, test: str) -> Part | None:
        """The most central part among the promises that a test checks."""
        parts = {promise.part for promise in self.promise if test in promise.tests}
        return next((part for part in Part if part in parts), None)


def read_promises(layout: Layout, exercise: str) -> Promises | None:
    """The table of the exercise, None where it has none."""
    path = layout.promises_file(exercise)
    if not path.exists():
        return None
    display_path = layout.display_path(path)
    try:
        return msgspec.convert(read_toml(path, display_path), Promises)
    except msgspec.ValidationError as error:
        raise ContentError(display_path, "[[promise]]", str(error)) from None
