"""A call's arguments, one or two of them replaced by others that are as good: what a probe asks with."""

from __future__ import annotations

import enum
import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from grader.protocol.wire import loaded_torch
from grader.tester.compare import as_array, dtype_name, is_array

MOST_VALUES = 50_000  # of one argument
MOST_EXCHANGES = 4
NOISE_SEED = 7
NO_SIZES = ("id", "index", "seed")  # how names of numbers end that have no neighbours


class Kind(enum.Enum):
    """How an argument was replaced: by any other, by one that is next to it, or by another argument of the call."""

    OTHER = enum.auto()
    NEXT = enum.auto()
    EXCHANGED = enum.auto()


@dataclass(frozen=True)
class Change:
    """Which arguments were replaced, and how: `number` tells changes of one kind apart.

    `was` and `now` are the values in words where they are short. So many values are `needed` to say that none matters:
    one is enough where there is no other, and numbers near each other are alike in many ways.
    """

    names: tuple[str, ...]
    kind: Kind
    number: int = 0
    was: str = ""
    now: str = ""
    needed: int = 2


Arguments = Mapping[str, Any]


def variations(arguments: Arguments) -> Iterator[tuple[Change, dict[str, Any]]]:
    """Each change with all arguments of the changed call: first the near ones, then any others."""
    for name, value in arguments.items():
        yield from ((change, {**arguments, name: new}) for change, new in _next_to(name, value))
    for one, other in itertools.islice(_exchangeable(arguments), MOST_EXCHANGES):
        exchanged = {**arguments, one: arguments[other], other: arguments[one]}
        yield Change((one, other), Kind.EXCHANGED), exchanged
    for name, value in arguments.items():
        if name.isidentifier():
            needed = 3 if type(value) in (int, float) else 2
            for number, new in enumerate(_others(value)):
                now = f"{new:g}" if type(new) in (int, float) else ""
                yield Change((name,), Kind.OTHER, number, now=now, needed=needed), {**arguments, name: new}


def _next_to(name: str, value: Any) -> Iterator[tuple[Change, Any]]:
    """Whole numbers one larger and one smaller, as far as they are sizes; truth values turned."""
    if not name.isidentifier():
        return
    if type(value) is bool:
        yield Change((name,), Kind.NEXT, 0, str(value), str(not value), needed=1), not value
    elif type(value) is int:
        for number, new in enumerate((value + 1, value - 1)):
            is_near = not name.endswith(NO_SIZES) and (new >= 0 or value < 0)
            kind = Kind.NEXT if is_near else Kind.OTHER
            yield Change((name,), kind, number - 2, str(value), str(new), needed=3), new


def _exchangeable(arguments: Arguments) -> Iterator[tuple[str, str]]:
    """Pairs of arguments that can stand in each other's place, and are not the same."""
    for (one, a), (other, b) in itertools.combinations(arguments.items(), 2):
        if not (one.isidentifier() and other.isidentifier()):
            continue
        if type(a) is type(b) is int and a != b:
            yield one, other
        elif is_array(a) and is_array(b) and a.shape == b.shape and dtype_name(a) == dtype_name(b):
            x, y = as_array(a), as_array(b)
            if x is not None and y is not None and not (x == y).all():
                yield one, other


def _others(value: Any) -> Iterator[Any]:
    """Other values of the same type and size, that a function which takes this one will take."""
    if is_array(value):
        array = as_array(value)
        if array is not None and 0 < array.size <= MOST_VALUES and array.dtype.kind in "bif":
            yield from (_like(value, new) for new in _other_arrays(array) if (new != array).any())
    elif isinstance(value, np.random.Generator):
        yield from (np.random.default_rng(seed) for seed in (NOISE_SEED, NOISE_SEED + 1))
    elif type(value) is int:
        yield from (new for new in (2 * value, value // 2, value + 5) if abs(new - value) > 1)
    elif type(value) is float and value:
        larger = ((1 + value) / 2, (9 + value) / 10) if 0 < value < 1 else (1.5 * value, 4 * value)
        yield from (0.5 * value, 0.75 * value, *larger)
    elif type(value) in (list, tuple) and value and all(type(item) is int for item in value):
        yield from (type(value)(new) for new in (value[::-1], [*value[1:], value[0]]) if type(value)(new) != value)
    else:
        yield from _other_generators(value)


def _other_generators(value: Any) -> Iterator[Any]:
    torch = loaded_torch()
    if torch is not None and isinstance(value, torch.Generator):
        yield from (torch.Generator().manual_seed(seed) for seed in (NOISE_SEED, NOISE_SEED + 1))


def _other_arrays(array: np.ndarray) -> Iterator[np.ndarray]:
    """Ids and truth values change places, so that each stays a valid one; floats get noise first."""
    if array.dtype.kind == "f" and np.isfinite(array).all():
        scale = float(array.std()) or 1.0
        yield array + scale * np.random.default_rng(NOISE_SEED).normal(size=array.shape)
    yield np.flip(array)
    yield np.roll(array, 1, axis=-1) if array.ndim else array
    if array.dtype.kind == "b":
        yield ~array


def _like(value: Any, array: np.ndarray) -> Any:
    """The array in the form and the dtype of the value."""
    torch = loaded_torch()
    if torch is not None and isinstance(value, torch.Tensor):
        return torch.tensor(np.ascontiguousarray(array), dtype=value.dtype)
    return np.ascontiguousarray(array).astype(value.dtype)
