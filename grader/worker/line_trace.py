"""Which tensors each line of the learner's files binds in a call: a look over the shoulder, bounded in every way."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

import numpy as np

from grader.protocol.wire import loaded_torch

MOST_BOUND = 120
MOST_VALUES = 4096
SECONDS = 1.0
RETURNED = "return"


class LineTrace:
    """Follows calls while `following` is open. `is_own` says of a file whether it is looked at.

    A line's values are noted when the next one begins, or at the function's end: its file, its number, the function, a
    number for the call, the name that was bound, a copy of the value. Arguments are bound by the line of the `def`.
    """

    def __init__(self, is_own: Callable[[str], bool]) -> None:
        self.is_own = is_own
        self.bound: list[list[Any]] = []
        self.calls = 0
        self.until = 0.0

    @contextlib.contextmanager
    def following(self) -> Iterator[None]:
        before = sys.gettrace()
        self.until = time.monotonic() + SECONDS
        sys.settrace(self._enter)
        try:
            yield
        finally:
            sys.settrace(before)

    def _enter(self, frame: FrameType, event: str, argument: Any) -> Any:
        if event != "call" or not self.is_own(frame.f_code.co_filename) or self._is_over():
            return None
        self.calls += 1
        return _Frame(self, frame, self.calls).look

    def _is_over(self) -> bool:
        return len(self.bound) >= MOST_BOUND or time.monotonic() > self.until

    def note(self, frame: FrameType, line: int, number: int, name: str, value: Any) -> None:
        """One more value, unless there are too many."""
        if len(self.bound) < MOST_BOUND and (copy := _copied(value)) is not None:
            code = frame.f_code
            self.bound.append([code.co_filename, line, code.co_qualname, number, name, copy])


class _Frame:
    """One call of a function that is followed: what its names held before the line at hand."""

    def __init__(self, trace: LineTrace, frame: FrameType, number: int) -> None:
        self.trace = trace
        self.number = number
        self.line = frame.f_lineno
        self.held: dict[str, tuple[int, int]] = {}
        self._note_changes(frame)

    def look(self, frame: FrameType, event: str, argument: Any) -> Any:
        if event in ("line", "return"):
            self._note_changes(frame)
            self.line = frame.f_lineno
        if event == "return":
            self.trace.note(frame, self.line, self.number, RETURNED, argument)
        return self.look

    def _note_changes(self, frame: FrameType) -> None:
        """What the line before has bound anew, or changed in place."""
        for name, value in list(frame.f_locals.items()):
            state = id(value), _version(value)
            if self.held.get(name) != state:
                self.held[name] = state
                self.trace.note(frame, self.line, self.number, name, value)


def _version(value: Any) -> int:
    torch = loaded_torch()
    if torch is None or type(value) is not torch.Tensor or value.is_inference():
        return 0
    return int(value._version)


def _copied(value: Any) -> Any:
    """A copy of a small array or tensor of numbers; None for everything else."""
    torch = loaded_torch()
    if torch is not None and type(value) in (torch.Tensor, torch.nn.Parameter):
        if value.device.type == "cpu" and 0 < value.numel() <= MOST_VALUES and value.layout is torch.strided:
            return value.detach().clone()
    elif type(value) is np.ndarray and 0 < value.size <= MOST_VALUES and value.dtype.kind in "biuf":
        return value.copy()
    return None
