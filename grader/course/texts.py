"""The kit's own language as the rest of the program needs it: its alphabet, its floor, and fresh text."""

from __future__ import annotations

from grader.corpora import language

ALPHABET = language.ALPHABET


def floor() -> float:
    """The least mean loss that any model can have on fresh text, in nats per character."""
    return language.entropy_per_character()


def fresh_text(length: int, seed: int) -> str:
    """Text that no file holds."""
    return language.sample(length, seed)
