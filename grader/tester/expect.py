"""`expect`: what a test wants to see, and the failure that says what there was instead."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np

from grader.protocol.results import Call
from grader.protocol.wire import Unsendable
from grader.tester import compare, mention
from grader.tester.failures import StudentRaised, SuiteFailure
from grader.tester.finding import Finding, values_message
from grader.tester.opaque import Opaque
from grader.tester.pair import Pair
from grader.tester.peer import Peer
from grader.tester.transcript import Entry


class Expect:
    """Shape, dtype and finiteness are looked at before values. Every method fails with a sentence."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer

    # -- values ---------------------------------------------------------------------------------------

    def close(
        self,
        actual: Any,
        expected: Any,
        message: str = "",
        *,
        tolerance: float | None = None,
        dtype: bool = True,
        call: Call | None = None,
    ) -> None:
        """Numbers, arrays, tensors or lists of them agree to the tolerance of their dtype.

        `tolerance` replaces both the relative and the absolute one. `dtype=False` lets the dtypes differ.
        """
        x, y = compare.as_array(actual), compare.as_array(expected)
        if y is None:
            raise TypeError(f"expect.close wants numbers to compare with, not {expected!r}")
        if x is None:
            self._fail(message or "The result is not what was expected.", actual, expected, call=call)
        relative, absolute = (tolerance, tolerance) if tolerance is not None else compare.tolerance(actual, expected)
        if x.shape != y.shape:
            pair = Pair(y, x, relative, absolute)
            self._fail(message, actual, expected, plainly=_other_shape(actual, expected), pair=pair, call=call)
        names = compare.dtype_name(actual), compare.dtype_name(expected)
        if dtype and all(names) and names[0] != names[1]:
            self._fail(_and_dtype(message, names), actual, expected, call=call)
        wrong = compare.mismatch_mask(y, x, relative, absolute)
        if wrong.any():
            pair = Pair(y, x, relative, absolute)
            self._fail(message, actual, expected, plainly=values_message(x, y), pair=pair, call=call)

    def equal(self, actual: Any, expected: Any, message: str = "") -> None:
        """Exactly the same: whole numbers, strings, lists, dicts, boolean masks, ids."""
        x, y = compare.as_array(actual), compare.as_array(expected)
        if x is not None and y is not None:
            self._equal_arrays(actual, expected, x, y, message)
        elif isinstance(actual, Opaque | Unsendable) or not _plainly_equal(actual, expected):
            self._fail(message, actual, expected, with_items=True)

    def _equal_arrays(self, actual: Any, expected: Any, x: np.ndarray, y: np.ndarray, message: str) -> None:
        if x.shape != y.shape:
            pair = Pair(y, x, 0.0, 0.0)
            self._fail(message, actual, expected, plainly=_other_shape(actual, expected), pair=pair, with_items=True)
        names = compare.dtype_name(actual), compare.dtype_name(expected)
        if all(names) and names[0] != names[1]:
            self._fail(_and_dtype(message, names), actual, expected)
        if type(actual) in (list, tuple) and type(expected) in (list, tuple) and type(actual) is not type(expected):
            self._fail(message or f"A {type(expected).__name__} was expected.", actual, expected)
        wrong = compare.mismatch_mask(y, x, 0.0, 0.0)
        if wrong.any():
            plainly = values_message(x, y)
            self._fail(message, actual, expected, plainly=plainly, pair=Pair(y, x, 0.0, 0.0), with_items=True)

    def shape(self, actual: Any, expected: tuple[int, ...], message: str = "") -> None:
        """The result is an array or tensor of exactly this shape."""
        found = getattr(actual, "shape", None)
        if isinstance(actual, Opaque | Unsendable) or found is None or tuple(found) != tuple(expected):
            self._fail(message or "The shape is wrong.", actual, f"shape {tuple(expected)}")

    def dtype(self, actual: Any, expected: Any, message: str = "") -> None:
        """The result has this dtype."""
        name = str(expected).removeprefix("torch.")
        if isinstance(actual, Opaque | Unsendable) or compare.dtype_name(actual) != name:
            self._fail(message or f"The dtype is not {name}.", actual, f"dtype {name}")

    def finite(self, actual: Any, message: str = "") -> None:
        """No NaN and no infinity among the values."""
        x = compare.as_array(actual)
        if x is None:
            self._fail(message or "The result is not what was expected.", actual, "finite numbers")
        if not np.isfinite(x).all():
            bad = "NaN" if np.isnan(x).any() else "infinity"
            self._fail(message or f"The result holds {bad}.", actual, "finite numbers")

    # -- conditions -----------------------------------------------------------------------------------

    def true(self, condition: Any, message: str, *, actual: Any = None, expected: Any = "") -> None:
        """A condition that the test computed itself. `message` says what does not hold."""
        if isinstance(condition, Opaque | Unsendable) or not bool(condition):
            self._fail(message, actual, expected)

    def less(self, actual: Any, bound: Any, message: str) -> None:
        """A number is finite and below the bound."""
        wanted = f"less than {compare.show_number(bound)}"
        if not self._number(actual, message, wanted) < float(bound):
            self._fail_number(message, actual, wanted)

    def greater(self, actual: Any, bound: Any, message: str) -> None:
        """A number is finite and above the bound."""
        wanted = f"greater than {compare.show_number(bound)}"
        if not self._number(actual, message, wanted) > float(bound):
            self._fail_number(message, actual, wanted)

    def between(self, actual: Any, low: float, high: float, message: str) -> None:
        """A number is finite and from `low` to `high`."""
        wanted = f"{compare.show_number(low)} to {compare.show_number(high)}"
        if not low <= self._number(actual, message, wanted) <= high:
            self._fail_number(message, actual, wanted)

    def _number(self, actual: Any, message: str, wanted: str) -> float:
        x = compare.as_array(actual)
        if x is None or x.size != 1 or x.dtype.kind == "c":
            self._fail(f"{_up_to_number(message)} no number.", actual, f"a number, {wanted}")
        if not np.isfinite(x).all():
            self._fail_number(message, actual, wanted)
        return float(x.reshape(()))

    def _fail_number(self, message: str, actual: Any, wanted: str) -> NoReturn:
        number = compare.show_number(np.asarray(compare.as_array(actual)).reshape(-1)[0])
        self._fail(f"{_up_to_number(message)} {number}; it ought to be {wanted}.", None, "")

    def raises(
        self, error: type[Exception], function: Callable[..., Any], *args: Any, mentions: Any = None, **kwargs: Any
    ) -> None:
        """The call raises `error` (or a subclass of it), and its message gives `mentions`; of a tuple, any value."""
        shown = f"{error.__name__}" + (f" that mentions {mention.words(mentions)}" if mentions is not None else "")
        try:
            value = function(*args, **kwargs)
        except StudentRaised as raised:
            if "NotImplementedError" in raised.types:
                raise
            if error.__name__ not in raised.types:
                self._fail(
                    f"{_article(error).capitalize()} {error.__name__} was expected.",
                    f"{raised.types[0]}: {raised.text}",
                    shown,
                )
            if mentions is not None and not mention.gives(raised.text, mentions):
                self._fail(
                    f"The {error.__name__} does not name {mention.words(mentions)}.",
                    f"{raised.types[0]}: {raised.text}",
                    shown,
                )
            return
        self._fail(f"No exception was raised; {_article(error)} {error.__name__} was expected.", value, shown)

    def fail(self, message: str, *, actual: Any = None, expected: Any = "") -> NoReturn:
        """Fail with this sentence."""
        self._fail(message, actual, expected)

    # -- failing --------------------------------------------------------------------------------------

    def _fail(
        self,
        message: str,
        actual: Any,
        expected: Any,
        *,
        plainly: str = "The result is not what was expected.",
        pair: Pair | None = None,
        call: Call | None = None,
        with_items: bool = False,
    ) -> NoReturn:
        peer, transcript = self._peer, self._peer.transcript
        entry = (pair and _first_wrong(pair, transcript.entries)) or transcript.origin_of(actual)
        found = Finding(
            message, actual, expected, entry, transcript.entries, peer.contract, peer.index,
            plainly, pair, call, with_items,
        )  # fmt: skip
        raise SuiteFailure(found.failure)


def _article(error: type[Exception]) -> str:
    return "an" if error.__name__[0] in "AEIOU" else "a"


def _first_wrong(pair: Pair, entries: list[Entry]) -> Entry | None:
    """Where each of several calls gave one number of a row: the call that gave the first wrong one."""
    came = pair.came
    if not pair.alike or came.ndim != 1 or not 1 < came.size <= len(entries):
        return None
    calls = entries[-came.size :]
    numbers = [compare.as_array(entry.value) for entry in calls]
    if any(number is None or number.size != 1 or number.flat[0] != x for number, x in zip(numbers, came, strict=True)):
        return None
    return calls[int(pair.wrong.argmax())]


def _other_shape(actual: Any, expected: Any) -> str:
    """What is said of lists has the words of lists."""
    both = [value for value in (actual, expected) if type(value) in (list, tuple)]
    return f"There are {len(actual)} items, not {len(expected)}." if len(both) == 2 else "The shape is wrong."


def _and_dtype(message: str, names: tuple[str, str]) -> str:
    return f"{message} The dtype is {names[0]}, not {names[1]}.".lstrip()


def _up_to_number(message: str) -> str:
    """A number goes on with the sentence, or stands in one of its own."""
    return f"{message} It is" if message.endswith(".") else message


def _plainly_equal(actual: Any, expected: Any) -> bool:
    if isinstance(actual, list | tuple | dict) or isinstance(expected, list | tuple | dict):
        same_kind = type(actual) is type(expected) or (isinstance(actual, dict) and isinstance(expected, dict))
        return same_kind and compare.values_match(actual, expected, 0.0, 0.0)
    return type(actual) is type(expected) and bool(actual == expected)
