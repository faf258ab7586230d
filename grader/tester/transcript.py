"""What crossed in a test: each exchange with the code under test, and what came of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from grader.protocol.results import Call
from grader.tester.opaque import Opaque

NO_ANSWER = ("no answer",)


@dataclass(frozen=True)
class Entry:
    """One exchange: what was asked, and what came of it. `raised` are the names of an exception's class and bases.

    `sign` tells it from others of its class: that the code itself raises it, or the numbers in a library's words.
    `path`, `args` and `kwargs` are there for calls, so that one can be made again.
    """

    name: str
    call: Call
    value: Any = None
    raised: tuple[str, ...] = ()
    sign: str = ""
    path: str = ""
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = field(default_factory=dict)


def _flat(values: Iterable[Any]) -> Iterator[Any]:
    for value in values:
        if type(value) in (list, tuple):
            yield from _flat(value)
        else:
            yield value


class Transcript:
    """The exchanges of one test, in order."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []

    def add(self, entry: Entry) -> None:
        """One more exchange."""
        self.entries.append(entry)

    def settle(self, entry: Entry) -> None:
        """What came of the latest exchange, if that has no answer yet; else one more."""
        if self.entries and self.entries[-1].raised == NO_ANSWER:
            self.entries[-1] = entry
        else:
            self.add(entry)

    @property
    def roots(self) -> set[str]:
        """The functions and classes that were called or looked up, or passed on to be called."""
        passed = (item for entry in self.entries for item in _flat([*entry.args, *entry.kwargs.values()]))
        paths = [str(getattr(item, "_path", "")) for item in passed if isinstance(item, Opaque)]
        return {path.partition(".")[0] for path in [*paths, *(entry.path or entry.name for entry in self.entries)]}

    @property
    def last(self) -> Entry | None:
        return self.entries[-1] if self.entries else None

    @property
    def last_call(self) -> Call | None:
        return self.entries[-1].call if self.entries else None

    def origin_of(self, value: Any) -> Entry | None:
        """The exchange from which a value came: that very object, or else the latest call, if all were of one function.

        What a test has worked out of the answers of several came from none of them.
        """
        for entry in reversed(self.entries):
            parts = [entry.value, *(entry.value if type(entry.value) in (list, tuple) else ())]
            if any(part is value for part in parts) and value is not None and not isinstance(value, bool | int):
                return entry
        calls = [entry for entry in self.entries if entry.call.arguments] or self.entries
        return calls[-1] if len({entry.path or entry.name for entry in calls}) == 1 else None
