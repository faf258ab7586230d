"""`expect`: what a test wants to see, and the failure that says what came instead."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np

from grader.protocol.describe import describe, describe_result, shorten
from grader.protocol.results import Call, Difference, Failure
from grader.protocol.values import Odd
from grader.tester import compare
from grader.tester.failures import StudentRaised, SuiteFailure
from grader.tester.student import Entry, Handle, Session


class Expect:
    """Shape, dtype and finiteness are looked at before values. Every method fails with a sentence."""

    def __init__(self, session: Session) -> None:
        self._session = session

    # -- values ---------------------------------------------------------------------------------------

    def close(
        self,
        came: Any,
        wanted: Any,
        message: str = "",
        *,
        tolerance: float | None = None,
        dtype: bool = True,
        call: Call | None = None,
    ) -> None:
        """Numbers, arrays, tensors or lists of them agree to the tolerance of their dtype.

        `tolerance` replaces both the relative and the absolute one. `dtype=False` lets the dtypes differ.
        """
        x, y = compare.as_array(came), compare.as_array(wanted)
        if y is None:
            raise TypeError(f"expect.close wants numbers to compare with, not {wanted!r}")
        if x is None:
            self._fail(message or "The result is not what was wanted.", came, wanted, call=call)
        if x.shape != y.shape:
            self._fail(message or "The shape is wrong.", came, wanted, call=call)
        names = compare.dtype_name(came), compare.dtype_name(wanted)
        if dtype and all(names) and names[0] != names[1]:
            self._fail(message or f"The dtype is {names[0]}, not {names[1]}.", came, wanted, call=call)
        relative, absolute = (tolerance, tolerance) if tolerance is not None else compare.tolerance(came, wanted)
        wrong = compare.far(y, x, relative, absolute)
        if wrong.any():
            self._fail(
                message or _values_message(x, y),
                came,
                wanted,
                difference=compare.difference(y, x, wrong),
                call=call,
            )

    def equal(self, came: Any, wanted: Any, message: str = "") -> None:
        """Exactly the same: whole numbers, strings, lists, dicts, boolean masks, ids."""
        x, y = compare.as_array(came), compare.as_array(wanted)
        if x is not None and y is not None:
            self._equal_arrays(came, wanted, x, y, message)
        elif isinstance(came, Handle | Odd) or not _plainly_equal(came, wanted):
            self._fail(message or "The result is not what was wanted.", came, wanted)

    def _equal_arrays(self, came: Any, wanted: Any, x: np.ndarray, y: np.ndarray, message: str) -> None:
        if x.shape != y.shape:
            self._fail(message or "The shape is wrong.", came, wanted)
        names = compare.dtype_name(came), compare.dtype_name(wanted)
        if all(names) and names[0] != names[1]:
            self._fail(message or f"The dtype is {names[0]}, not {names[1]}.", came, wanted)
        if type(came) in (list, tuple) and type(wanted) in (list, tuple) and type(came) is not type(wanted):
            self._fail(message or f"A {type(wanted).__name__} was wanted.", came, wanted)
        wrong = compare.far(y, x, 0.0, 0.0)
        if wrong.any():
            self._fail(message or _values_message(x, y), came, wanted, difference=compare.difference(y, x, wrong))

    def shape(self, came: Any, wanted: tuple[int, ...], message: str = "") -> None:
        """The result is an array or tensor of exactly this shape."""
        found = getattr(came, "shape", None)
        if isinstance(came, Handle | Odd) or found is None or tuple(found) != tuple(wanted):
            self._fail(message or "The shape is wrong.", came, f"shape {tuple(wanted)}")

    def dtype(self, came: Any, wanted: Any, message: str = "") -> None:
        """The result has this dtype."""
        name = str(wanted).removeprefix("torch.")
        if isinstance(came, Handle | Odd) or compare.dtype_name(came) != name:
            self._fail(message or f"The dtype is not {name}.", came, f"dtype {name}")

    def finite(self, came: Any, message: str = "") -> None:
        """No NaN and no infinity among the values."""
        x = compare.as_array(came)
        if x is None:
            self._fail(message or "The result is not what was wanted.", came, "finite numbers")
        if not np.isfinite(x).all():
            bad = "NaN" if np.isnan(x).any() else "infinity"
            self._fail(message or f"The result holds {bad}.", came, "finite numbers")

    # -- conditions -----------------------------------------------------------------------------------

    def true(self, condition: Any, message: str, *, came: Any = None, wanted: Any = "") -> None:
        """A condition that the test computed itself. `message` says what does not hold."""
        if isinstance(condition, Handle | Odd) or not bool(condition):
            self._fail(message, came, wanted)

    def less(self, came: Any, bound: Any, message: str) -> None:
        """A number is finite and below the bound."""
        self._number(came, message)
        if not float(came) < float(bound):
            self._fail(message, came, f"less than {compare.show_number(bound)}")

    def between(self, came: Any, low: float, high: float, message: str) -> None:
        """A number is finite and from `low` to `high`."""
        self._number(came, message)
        if not low <= float(came) <= high:
            self._fail(message, came, f"from {compare.show_number(low)} to {compare.show_number(high)}")

    def _number(self, came: Any, message: str) -> None:
        x = compare.as_array(came)
        if x is None or x.size != 1 or not np.isfinite(x).all():
            self._fail(message, came, "a finite number")

    def raises(
        self, error: type[Exception], function: Callable[..., Any], *args: Any, mentions: Any = None, **kwargs: Any
    ) -> None:
        """The call raises `error` (or a subclass of it), and its message holds `mentions`."""
        shown = f"{error.__name__}" + (f" that mentions {mentions!r}" if mentions is not None else "")
        try:
            value = function(*args, **kwargs)
        except StudentRaised as raised:
            if "NotImplementedError" in raised.types:
                raise
            if error.__name__ not in raised.types:
                self._fail(f"A {error.__name__} was wanted.", f"{raised.types[0]}: {raised.text}", shown)
            if mentions is not None and str(mentions) not in raised.text:
                self._fail(
                    f"The {error.__name__} does not say which value was wrong.",
                    f"{raised.types[0]}: {raised.text}",
                    shown,
                )
            return
        self._fail(f"An invalid argument was accepted; a {error.__name__} was wanted.", value, shown)

    def fail(self, message: str, *, came: Any = None, wanted: Any = "") -> NoReturn:
        """Fail with this sentence."""
        self._fail(message, came, wanted)

    # -- failing --------------------------------------------------------------------------------------

    def _fail(
        self,
        message: str,
        came: Any,
        wanted: Any,
        *,
        difference: Difference | None = None,
        call: Call | None = None,
    ) -> NoReturn:
        entry = self._entry_of(came)
        place = self._session.place(entry.path) if entry else ""
        raise SuiteFailure(
            Failure(
                message=message,
                call=call or (entry.call if entry else None),
                wanted=_shown(wanted),
                came=_shown(came) if came is not None else "",
                difference=difference,
                location=place,
            )
        )

    def _entry_of(self, came: Any) -> Entry | None:
        """The call from which a value came: that very object, or else the latest call."""
        entries = self._session.transcript
        for entry in reversed(entries):
            parts = entry.value if type(entry.value) in (list, tuple) else [entry.value]
            if any(part is came for part in parts) and came is not None and not isinstance(came, bool | int):
                return entry
        return next((entry for entry in reversed(entries) if entry.call.arguments), None) or (
            entries[-1] if entries else None
        )


def _plainly_equal(came: Any, wanted: Any) -> bool:
    if type(came) in (list, tuple) and type(wanted) in (list, tuple):
        return (
            type(came) is type(wanted)
            and len(came) == len(wanted)
            and all(compare.same(x, y, 0.0, 0.0) for x, y in zip(came, wanted, strict=True))
        )
    if isinstance(came, dict) and isinstance(wanted, dict):
        return came.keys() == wanted.keys() and all(compare.same(came[k], wanted[k], 0.0, 0.0) for k in came)
    return type(came) is type(wanted) and bool(came == wanted)


def _values_message(came: np.ndarray, wanted: np.ndarray) -> str:
    if came.dtype.kind in "fc" and np.isnan(came).any() and not np.isnan(wanted).any():
        return "The result holds NaN."
    return "The values are wrong."


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return shorten(value, 200)
    array = compare.as_array(value)
    if array is not None and 0 < array.size <= 8 and hasattr(value, "shape"):
        return f"{describe(value)} " + np.array2string(array, precision=5, separator=", ").replace("\n", "")
    return describe_result(value)
