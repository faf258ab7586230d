"""A large array in a few numbers: enough to tell whether another one is the same, but for rounding.

Some of its values, and sums of all of them under fixed weights, to which every single one adds its part.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any

import numpy as np

MOST_WHOLE = 64  # values, above which an array is condensed
KEPT, SUMS = 24, 4
LARGE = 1e30  # near the end of what float32 holds
STEP = 2654435761  # prime, so that steps of it come to all places of any array


@dataclass(frozen=True, eq=False)
class Condensed:
    """What is kept of an array; `length` is the root of the mean of its values' squares."""

    dtype: str
    shape: tuple[int, ...]
    values: np.ndarray
    sums: np.ndarray
    length: float


def condensed(array: np.ndarray, dtype: str) -> Condensed:
    """Of an array of numbers; `dtype` is that of the value which it was made of."""
    flat = array.reshape(-1)
    places = np.arange(KEPT) * STEP % max(flat.size, 1)
    plain = _finite(flat.astype(np.complex128 if flat.dtype.kind == "c" else np.float64))
    most = float(np.abs(plain).max(initial=0.0)) or 1.0
    length = most * float(np.sqrt(np.mean(np.abs(plain / most) ** 2))) if flat.size else 0.0
    number, root = np.arange(flat.size), np.sqrt(max(flat.size, 1))
    sums = [(plain * np.cos((order + 1) * number)).sum() / root for order in range(SUMS)]
    return Condensed(dtype, array.shape, flat[places] if flat.size else flat, np.asarray(sums), length)


def _finite(flat: np.ndarray) -> np.ndarray:
    """Infinities and NaN as numbers of their own, of about the size of the others."""
    good = np.isfinite(flat)
    if good.all():
        return flat
    large = 1.0 + 10.0 * float(np.abs(flat[good]).max(initial=0.0))
    return np.where(good, flat, np.where(np.isnan(flat), large, -np.sign(flat.real) * 2 * large))


def packed(value: Condensed) -> list[Any]:
    """As plain data. Fractions keep as many digits as a comparison looks at."""
    values = value.values
    if values.dtype.kind == "f" and not (np.abs(values[np.isfinite(values)]) > LARGE).any():
        values = values.astype(np.float32)
    return [
        value.dtype, list(value.shape), values.dtype.str, _as_text(values), value.sums.tolist(),
        value.length,
    ]  # fmt: skip


def _as_text(values: np.ndarray) -> str:
    return base64.b85encode(values.tobytes()).decode()


def unpacked(data: list[Any]) -> Condensed:
    """The same again."""
    dtype, shape, kind, values, sums, length = data
    return Condensed(dtype, tuple(shape), np.frombuffer(base64.b85decode(values), dtype=kind), np.asarray(sums), length)


def alike(one: Condensed, other: Condensed, relative: float, absolute: float) -> bool:
    """Whether both may be of the same array, but for rounding."""
    if one.dtype != other.dtype or one.shape != other.shape:
        return False
    room = absolute + relative * max(one.length, other.length)
    with np.errstate(invalid="ignore"):
        near = np.isclose(one.values, other.values, rtol=relative, atol=absolute, equal_nan=True).all()
    return bool(near) and bool((np.abs(one.sums - other.sums) <= room).all())
