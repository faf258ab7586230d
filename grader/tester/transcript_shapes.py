"""The shape of an error over the calls of one test: equal calls that differ, different calls that are equal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from grader.protocol.wire import loaded_torch
from grader.tester.answers import MOST_NAMES, Answer, arrays_of, differ, is_constant, is_finite, same
from grader.tester.compare import dtype_name, is_array, values_match
from grader.tester.opaque import Opaque


@dataclass(frozen=True)
class Exchange:
    """One call of a test: of which object, with which arguments, the learner's answer and the `wanted` one.

    Objects are told apart by the numbers of their handles: calls of one have the same number, if none stands between
    them that may have changed it, and functions have 0.
    """

    path: str
    target: int
    arguments: Mapping[str, Any] = field(default_factory=dict)
    came: Answer = field(default_factory=Answer)
    wanted: Answer = field(default_factory=Answer)


def kept_state(calls: Sequence[Exchange]) -> str | None:
    """What the last call shows beside an earlier one with the same arguments."""
    return next(filter(None, (_changed(call, calls[-1]) for call in _peers(calls))), None)


def merged(calls: Sequence[Exchange], subject: str) -> str | None:
    """What it shows beside an earlier one with other arguments."""
    return next(filter(None, (_merged(call, calls[-1], subject) for call in _peers(calls))), None)


def _peers(calls: Sequence[Exchange]) -> list[Exchange]:
    """The earlier calls of the same function or object, the latest first."""
    last = calls[-1]
    return [call for call in reversed(calls[:-1]) if (call.path, call.target) == (last.path, last.target)]


def _changed(before: Exchange, last: Exchange) -> str | None:
    """The same arguments and another result, where the reference gives the same again."""
    if differing(before, last) != () or not same(before.wanted, last.wanted) or not differ(before.came, last.came):
        return None
    if same(before.came, before.wanted):
        return "An earlier call in this test, with the same arguments, is right; this one gives another result."
    return "An earlier call in this test, with the same arguments, gave another result; both ought to give the same."


def _merged(before: Exchange, last: Exchange, subject: str) -> str | None:
    """Other arguments and the same result, where the reference gives another one."""
    names = differing(before, last)
    if not names or len(names) > MOST_NAMES or not is_finite(last.came) or is_constant(last.came):
        return None
    if not same(before.came, last.came) or not differ(before.wanted, last.wanted) or not _says_enough(last.came):
        return None
    listed = " and another ".join(f"`{name}`" for name in names)
    return f"{subject} is the same as that of an earlier call with another {listed}; the two ought to differ."


def _says_enough(answer: Answer) -> bool:
    """Whether two results that are equal are so for a reason: single numbers and truth values may be by chance."""
    return any(array.size > 1 and array.dtype.kind != "b" for array in arrays_of(answer))


def differing(a: Exchange, b: Exchange) -> tuple[str, ...] | None:
    """The names of the arguments that are not the same in both; None where that cannot be told."""
    if a.arguments.keys() != b.arguments.keys():
        return None
    pairs = [(name, value, b.arguments[name]) for name, value in a.arguments.items()]
    if not all(_is_known(x) and _is_known(y) for _, x, y in pairs):
        return None
    return tuple(name for name, x, y in pairs if not _is_equal(x, y))


def _is_known(value: Any) -> bool:
    if type(value) in (list, tuple):
        return all(_is_known(item) for item in value)
    return value is None or is_array(value) or isinstance(value, bool | int | float | str)


def _is_equal(a: Any, b: Any) -> bool:
    """Exactly the same values, in the same dtype: what a function could tell apart."""
    return type(a) is type(b) and dtype_name(a) == dtype_name(b) and values_match(_exact(a), _exact(b), 0.0, 0.0)


def _exact(value: Any) -> Any:
    """Without the dtype, for the sake of which small differences would pass."""
    torch = loaded_torch()
    if isinstance(value, Opaque):
        return None
    if torch is not None and isinstance(value, torch.Tensor):
        value = value.detach()
        return value.double() if value.is_floating_point() else value
    if isinstance(value, np.ndarray) and value.dtype.kind == "f":
        return value.astype(np.float64)
    return [_exact(item) for item in value] if type(value) in (list, tuple) else value
