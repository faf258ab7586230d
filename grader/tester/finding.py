"""What a comparison found, and the failure that says so: worked out only when somebody asks for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec
import numpy as np

from grader.protocol.describe import describe, describe_result, shorten
from grader.protocol.results import Call, Difference, Failure
from grader.protocol.wire import Unsendable
from grader.tester import compare, difference, item_shapes
from grader.tester.contract import Contract
from grader.tester.opaque import Opaque
from grader.tester.pair import Pair
from grader.tester.setting import setting_of
from grader.tester.shown_values import side_by_side
from grader.tester.source_index import SourceIndex
from grader.tester.transcript import Entry

UNKNOWN = Call("")  # what is compared was worked out of several answers


@dataclass(frozen=True)
class Finding:
    """What came where something else was wanted. `plainly` is said where the test has no sentence and no fact is known.

    `entry` is the exchange that the value came from, `entries` are all of the test. `pair` holds both as arrays. The
    items of both are looked at `with_items`.
    """

    message: str
    actual: Any
    expected: Any
    entry: Entry | None
    entries: Sequence[Entry]
    contract: Contract
    index: SourceIndex
    plainly: str
    pair: Pair | None = None
    call: Call | None = None
    with_items: bool = False

    def failure(self) -> Failure:
        """Where the test has no sentence of its own, the first fact stands for it."""
        message, facts = self.message, self._facts()
        if not message:
            message, facts = (facts[0], facts[1:]) if facts else (self.plainly, ())
        entry, pair = self.entry, self.pair
        values = side_by_side(pair.wanted, pair.came, pair.wrong) if pair is not None and pair.alike else ()
        return Failure(
            message=message,
            call=self.call or (entry.call if entry else UNKNOWN),
            expected=_shown(self.expected, plainly=bool(values)),
            actual=_shown(self.actual, plainly=bool(values)) if self.actual is not None else "",
            difference=_difference(pair, entry),
            facts=facts,
            values=values,
            place=self.index.place(entry.path) if entry else None,
        )

    def _facts(self) -> tuple[str, ...]:
        """In what way what came differs from what was wanted."""
        found: tuple[str, ...] = ()
        if self.pair is not None:
            pair = self.pair
            if self.entry is not None:
                pair = replace(pair, setting=setting_of(self.entry, self.entries, self.contract))
            found = difference.sentences(pair)
        return found or (self._facts_of_items() if self.with_items else ())

    def _facts_of_items(self) -> tuple[str, ...]:
        """Of lists, dicts and texts, what is missing or too many."""
        if isinstance(self.actual, Opaque | Unsendable) or isinstance(self.expected, Unsendable):
            return ()
        fact = item_shapes.of_items(self.expected, self.actual)
        return (fact,) if fact else ()


def _difference(pair: Pair | None, entry: Entry | None) -> Difference | None:
    if pair is None or not pair.alike:
        return None
    found = compare.difference(pair.wanted, pair.came, pair.wrong)
    return msgspec.structs.replace(found, of_result=entry is None or not _is_cut_from(pair.came, entry.value))


def _is_cut_from(array: np.ndarray, value: Any) -> bool:
    """Whether an answer has a larger array, and none of this shape."""
    parts = map(compare.as_array, [value, *(value if type(value) in (list, tuple) else ())])
    known = [part for part in parts if part is not None]
    return any(part.size > array.size for part in known) and all(part.shape != array.shape for part in known)


def values_message(actual: np.ndarray, expected: np.ndarray) -> str:
    """What is said of wrong values where no more is known."""
    if actual.dtype.kind in "fc" and np.isnan(actual).any() and not np.isnan(expected).any():
        return "The result holds NaN."
    return "The values are wrong."


def _shown(value: Any, plainly: bool = False) -> str:
    """A value in a line; `plainly` without numbers, where these are shown elsewhere."""
    if plainly:
        return describe_result(value)
    if isinstance(value, str):
        return shorten(value, 200)
    array = compare.as_array(value)
    if array is not None and 0 < array.size <= 8 and hasattr(value, "shape"):
        return f"{describe(value)} " + np.array2string(array, precision=5, separator=", ").replace("\n", "")
    return describe_result(value)
