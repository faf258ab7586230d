"""The kit's own language as the rest of the program needs it: its alphabet, its floors, and fresh text."""

from __future__ import annotations

from grader.corpora import language

ALPHABET = language.ALPHABET
CONTEXT = 64  # characters in the windows that models of the course are trained and measured on
REACHABLE_FLOOR = 0.549918  # `windows.entropy_in_windows(CONTEXT)`, which takes seconds; data/README.md has it too


def floor() -> float:
    """The least mean loss that any model can have on fresh text, in nats per character.

    It takes a model that has read all that came before. In windows of `CONTEXT` characters it is `REACHABLE_FLOOR`.
    """
    return language.entropy_per_character()


def fresh_text(length: int, seed: int) -> str:
    """Text that no file holds."""
    return language.sample(length, seed)
