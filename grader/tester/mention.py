"""Whether the message of an exception gives a value: as a number of its own, not as part of another one."""

from __future__ import annotations

import math
import re
from typing import Any

NUMBER = re.compile(r"-?\d[\d_,]*(?:\.\d+)?(?:[eE][+-]?\d+)?")


def gives(text: str, value: Any) -> bool:
    """Whether the text holds the value; of a tuple, any of its values."""
    if isinstance(value, tuple):
        return any(gives(text, item) for item in value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return str(value) in text
    return any(_is(number, value) for number in _numbers(text))


def words(value: Any) -> str:
    """The value in a sentence: `7`, `7 or 3`."""
    return " or ".join(repr(item) for item in value) if isinstance(value, tuple) else repr(value)


def _numbers(text: str) -> list[float]:
    """The numbers of a text; `1,000` and `1_000` are one, `7,` and `3, 4` are not."""
    found = []
    for match in NUMBER.finditer(text):
        plain = match[0].replace("_", "").rstrip(",")
        parts = [plain.replace(",", "")] if re.fullmatch(r"-?\d{1,3}(,\d{3})+(\.\d+)?", plain) else plain.split(",")
        found += [float(part) for part in parts if part]
    return found


def _is(number: float, value: float) -> bool:
    """`0-3` says 3; that a value below zero is meant must be seen."""
    return math.isclose(number, value, rel_tol=1e-6) or (value > 0 and math.isclose(-number, value, rel_tol=1e-6))
