"""Known mistakes, and the solution with one of them in it."""

from __future__ import annotations

import msgspec


class Mistake(msgspec.Struct, frozen=True):
    """A named mistake: its short name and the sentence that tells the learner."""

    name: str
    says: str


class Mutant(msgspec.Struct, frozen=True):
    """The solution with one known mistake in it, as source text."""

    mistake: Mistake
    source: str
