"""Answers to the questions that several calls are: what each side gave, and whether two of them are the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from grader.protocol.wire import Unsendable
from grader.tester.compare import as_array, values_match
from grader.tester.opaque import Opaque
from grader.tester.pair import tells_places_apart
from grader.tester.variations import Change

LOOSE = (1e-3, 1e-4)  # what is nearer than this is not said to differ
MOST_DEPTH = 4
MOST_NAMES = 3  # in a sentence


@dataclass(frozen=True)
class Answer:
    """What came of one call. Nothing was `given` where the call raised, or was not made."""

    value: Any = None
    given: bool = False


@dataclass(frozen=True)
class Gradients:
    """What one backward pass gave: to the arguments and to the parameters by name, None for no gradient at all.

    `incoming` is the gradient of the result that it began with, where the result is a single tensor. Of a parameter in
    `after_moving` the value was changed; that was the answer then.
    """

    arguments: Mapping[str, np.ndarray | None] = field(default_factory=dict)
    parameters: Mapping[str, np.ndarray | None] = field(default_factory=dict)
    incoming: np.ndarray | None = None
    after_moving: Mapping[str, Answer] = field(default_factory=dict)


@dataclass(frozen=True)
class Answers:
    """One side's: to the test's own call, to the same once more, then twice under one seed and once under another.

    Those to `changed` arguments were given under that first seed as well.
    """

    first: Answer = field(default_factory=Answer)
    again: Answer = field(default_factory=Answer)
    seeded: Answer = field(default_factory=Answer)
    seeded_again: Answer = field(default_factory=Answer)
    other_seed: Answer = field(default_factory=Answer)
    changed: Mapping[Change, Answer] = field(default_factory=dict)
    gradients: Gradients | None = None

    @property
    def is_steady(self) -> bool:
        """Whether the same call gives the same under the same seed."""
        return same(self.seeded, self.seeded_again)

    @property
    def is_fixed(self) -> bool:
        """Whether the same call gives the same under any seed, and each time."""
        return self.is_steady and all(same(self.seeded, other) for other in (self.first, self.again, self.other_seed))


@dataclass(frozen=True)
class Observed:
    """Both sides of one call. `earlier` is the learner's answer to it in the test itself, after all other tests.

    `alone` is the one, under the first seed, in a process where nothing was called before.

    `subject` is what the sentences speak of; `arguments` are the arrays that were passed, `generators` names of others.
    """

    learner: Answers
    reference: Answers
    earlier: Answer = field(default_factory=Answer)
    alone: Answer = field(default_factory=Answer)
    subject: str = "The result"
    generators: tuple[str, ...] = ()
    arguments: tuple[Any, ...] = ()


def same(a: Answer, b: Answer) -> bool:
    """Whether both were given and agree but for rounding. Of objects that is not known."""
    return a.given and b.given and is_data(a.value) and is_data(b.value) and values_match(a.value, b.value)


def differ(a: Answer, b: Answer) -> bool:
    """Whether both were given and are clearly not the same."""
    known = a.given and b.given and is_data(a.value) and is_data(b.value)
    return known and not values_match(a.value, b.value, *LOOSE)


def is_data(value: Any, depth: int = MOST_DEPTH) -> bool:
    """Whether nothing in it is an object of the other side."""
    if isinstance(value, Opaque | Unsendable) or depth < 0:
        return False
    if type(value) in (list, tuple) and as_array(value) is None:
        return all(is_data(item, depth - 1) for item in value)
    return all(is_data(item, depth - 1) for item in value.values()) if isinstance(value, dict) else True


def arrays_of(answer: Answer) -> list[np.ndarray]:
    """The arrays of an answer that is one, or a tuple of some."""
    parts = answer.value if type(answer.value) is tuple else [answer.value]
    found = (as_array(part) for part in parts) if answer.given else ()
    return [array for array in found if array is not None]


def is_finite(answer: Answer) -> bool:
    """Whether there are numbers in it, and no NaN, which is equal to any NaN."""
    arrays = [array for array in arrays_of(answer) if array.dtype.kind in "fc"]
    return not any(np.isnan(array).any() or (array.size and not np.isfinite(array).any()) for array in arrays)


def is_constant(answer: Answer) -> bool:
    """Whether it is made of arrays that each hold one value alone: then that is what there is to say."""
    arrays = arrays_of(answer)
    return bool(arrays) and all(array.size > 1 and (array == array.flat[0]).all() for array in arrays)


def tells(answer: Answer) -> bool:
    """Whether it holds enough to agree with nothing by chance."""
    return any(
        tells_places_apart(array) or (array.dtype.kind == "f" and bool((array != np.round(array)).any()))
        for array in arrays_of(answer)
        if np.isfinite(array).any()
    )
