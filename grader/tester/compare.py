"""How far two arrays are apart, and whether that is far."""

from __future__ import annotations

from typing import Any

import numpy as np

from grader.protocol.results import Difference
from grader.protocol.values import encode
from grader.protocol.wire import Unsendable, loaded_torch
from grader.tester.condensed import MOST_WHOLE, Condensed, alike, condensed
from grader.tester.opaque import Opaque

# By the coarser dtype of the two: relative, absolute. In float64 an answer passes that was computed in float32 on the
# way, as most published code does: exactness beyond that is a promise of its own, with a `tolerance` of its own.
TOLERANCES = {
    "float64": (2e-5, 2e-6),
    "float32": (2e-4, 2e-5),
    "float16": (1e-2, 2e-3),
    "bfloat16": (5e-2, 1e-2),
}

# What two computations of the same may differ by, which is less than an answer may be off.
COARSE = {"float32": (1e-4, 1e-5), "float16": TOLERANCES["float16"], "bfloat16": TOLERANCES["bfloat16"]}


def as_array(value: Any) -> np.ndarray | None:
    """The value as a NumPy array in float64, complex128, int64 or bool; None when it is no array at all."""
    torch = loaded_torch()
    if torch is not None and isinstance(value, torch.Tensor):
        if value.device.type == "meta":
            return None
        plain = value.detach().cpu()
        if plain.dtype in (torch.bfloat16, torch.float16):
            plain = plain.double()
        value = plain.numpy()
    elif isinstance(value, bool | int | float | complex | np.generic) or _is_number_list(value):
        try:
            value = np.asarray(value)
        except ValueError:  # lists of different lengths
            return None
    if not isinstance(value, np.ndarray) or value.dtype.kind not in "biufc":
        return None
    if value.dtype == np.uint64 and (value > np.iinfo(np.int64).max).any():  # as int64 they would be negative
        return None
    return value.astype({"b": "bool", "i": "int64", "u": "int64", "f": "float64", "c": "complex128"}[value.dtype.kind])


def is_array(value: Any) -> bool:
    """Whether it is a tensor or a NumPy array, rather than a number or a list of some."""
    torch = loaded_torch()
    return isinstance(value, np.ndarray) or (torch is not None and isinstance(value, torch.Tensor))


def _is_number_list(value: Any) -> bool:
    if type(value) not in (list, tuple):
        return False
    return all(isinstance(item, int | float | np.number) or _is_number_list(item) for item in value)


def dtype_name(value: Any) -> str:
    """`float32` of a tensor or an array, empty for plain numbers and lists."""
    return str(getattr(value, "dtype", "")).removeprefix("torch.")


def tolerance(*values: Any) -> tuple[float, float]:
    """The tolerance of the coarsest dtype among the values; plain numbers count as float64."""
    found = [TOLERANCES[name] for value in values if (name := dtype_name(value)) in TOLERANCES]
    return max(found, default=TOLERANCES["float64"])


def mismatch_mask(expected: np.ndarray, actual: np.ndarray, relative: float, absolute: float) -> np.ndarray:
    """Where the two differ by more than is allowed. Equal infinities and two NaNs are equal."""
    whole = expected.dtype.kind in "bi" and actual.dtype.kind in "bi"
    if whole and relative == absolute == 0.0:
        return np.asarray(expected != actual)  # `isclose` compares whole numbers as floats, to 53 bits
    with np.errstate(invalid="ignore", over="ignore"):
        near = np.isclose(actual, expected, rtol=relative, atol=absolute, equal_nan=True)
    return ~np.asarray(near)


def difference(expected: np.ndarray, actual: np.ndarray, wrong: np.ndarray) -> Difference:
    """The figures for a message: how many, how far, and where it is worst."""
    kind = complex if "c" in (expected.dtype.kind, actual.dtype.kind) else float
    with np.errstate(invalid="ignore", over="ignore"):
        gap = np.abs(actual.astype(kind) - expected.astype(kind))
    is_distance = expected.dtype.kind in "fc" or actual.dtype.kind in "fc"
    gap = np.where(wrong & ~np.isfinite(gap), np.inf, np.where(np.isfinite(gap), gap, 0.0))
    masked = np.where(wrong, gap, -1.0)
    worst = np.unravel_index(int(np.argmax(masked)), wrong.shape) if wrong.ndim else ()
    return Difference(
        wrong=int(wrong.sum()),
        total=int(wrong.size),
        worst_index=tuple(int(i) for i in worst),
        worst_expected=show_number(expected[worst]),
        worst_actual=show_number(actual[worst]),
        largest=_finite(gap.max()) if gap.size and is_distance else None,
        mean=_finite(gap.mean()) if gap.size and is_distance else None,
    )


def _finite(value: Any) -> float | None:
    return float(value) if np.isfinite(value) else None


def show_number(value: Any) -> str:
    """A number as a person writes it."""
    if isinstance(value, bool | np.bool_ | int | np.integer):
        return str(value)
    return f"{complex(value):.6g}" if isinstance(value, complex | np.complexfloating) else f"{float(value):.6g}"


def values_match(a: Any, b: Any, relative: float = 1e-5, absolute: float = 1e-7) -> bool:
    """Whether two values that crossed the boundary are the same, but for rounding."""
    if isinstance(a, Opaque) or isinstance(b, Opaque):
        return isinstance(a, Opaque) and isinstance(b, Opaque) and a._kind == b._kind
    if isinstance(a, Unsendable) or isinstance(b, Unsendable):
        return isinstance(a, Unsendable) and isinstance(b, Unsendable)
    if isinstance(a, Condensed) or isinstance(b, Condensed):
        return _condensed_match(a, b, relative, absolute)
    x, y = as_array(a), as_array(b)
    if x is not None and y is not None:
        return _arrays_match(a, b, x, y, relative, absolute)
    if type(a) in (list, tuple) and type(b) in (list, tuple):
        return len(a) == len(b) and all(values_match(i, j, relative, absolute) for i, j in zip(a, b, strict=True))
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(values_match(a[key], b[key], relative, absolute) for key in a)
    return x is y and _plain_values_match(a, b)


def in_short(value: Any) -> Condensed | None:
    """A large array or tensor in a few numbers; None for everything else."""
    if isinstance(value, Condensed):
        return value
    array = as_array(value) if is_array(value) else None
    return condensed(array, dtype_name(value)) if array is not None and array.size > MOST_WHOLE else None


def _condensed_match(a: Any, b: Any, relative: float, absolute: float) -> bool:
    one, other = in_short(a), in_short(b)
    return one is not None and other is not None and alike(one, other, *_coarse(one.dtype, relative, absolute))


def _coarse(dtype: str, relative: float, absolute: float) -> tuple[float, float]:
    """The tolerances, where the dtype is coarser than they are its own."""
    least = COARSE.get(dtype, (0.0, 0.0))
    return max(relative, least[0]), max(absolute, least[1])


def _arrays_match(a: Any, b: Any, x: np.ndarray, y: np.ndarray, relative: float, absolute: float) -> bool:
    if x.shape != y.shape or dtype_name(a) != dtype_name(b):
        return False
    return not bool(mismatch_mask(x, y, *_coarse(dtype_name(a), relative, absolute)).any())


def _plain_values_match(a: Any, b: Any) -> bool:
    """What is no array: the same if it would cross in the same form. Sets have no order to cross in."""
    if type(a) is not type(b):
        return False
    return bool(a == b) if isinstance(a, set | frozenset) else encode(a) == encode(b)
