"""A closer look at one call of a test that is run once more: it ends there."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import numpy as np

from grader.protocol.wire import loaded_torch
from grader.tester.compare import as_array, is_array

MOST_ARRAYS, MOST_VALUES = 4000, 4096
MOST_CALLS, MOST_BYTES = 200, 2**22


class Enough(BaseException):
    """The call was seen; what the test would do afterwards is no matter."""


@dataclass(frozen=True)
class Asked:
    """A call as it was made: the number of the object that was called, and copies of the arguments by name."""

    target: int
    arguments: Mapping[str, Any]


class Watch:
    """The exchange of this number is looked at, and the test ends there; without a number every call is.

    `seen` is called with it, and what was called, once it has its answer. With `lines` the other side notes what its
    lines bind in that call. `asked` are all calls up to it, by number.
    """

    def __init__(
        self,
        number: int | None,
        looking: Callable[[], AbstractContextManager[None]],
        seen: Callable[[Any, Any], None],
        lines: bool = True,
    ) -> None:
        self.number = number
        self.looking = looking
        self.seen = seen
        self.lines = lines
        self.asked: dict[int, Asked] = {}

    def note(self, number: int, target: int, arguments: Mapping[str, Any]) -> None:
        """One more call, unless what it was given is large. Later the test may change what it passed."""
        size = sum(value.nbytes for value in arguments.values() if is_array(value))
        if len(self.asked) < MOST_CALLS and size <= MOST_BYTES:
            self.asked[number] = Asked(target, {name: copied(value) for name, value in arguments.items()})


def copied(value: Any) -> Any:
    """An argument that can be passed again, or kept, whatever becomes of this one: arrays and generators are copied."""
    torch = loaded_torch()
    if torch is not None and isinstance(value, torch.Tensor):
        return value.detach().clone()
    if torch is not None and isinstance(value, torch.Generator):
        return torch.Generator().set_state(value.get_state())
    if isinstance(value, np.random.Generator):
        return copy.deepcopy(value)
    if type(value) in (list, tuple):
        return type(value)(copied(item) for item in value)
    if type(value) is dict:
        return {key: copied(item) for key, item in value.items()}
    return value.copy() if is_array(value) else value


class Intermediates:
    """Every array that code in this process makes on the way, operation by operation."""

    def __init__(self) -> None:
        self.arrays: list[np.ndarray] = []

    def add(self, value: Any) -> None:
        for item in value if isinstance(value, list | tuple) else [value]:
            large = is_array(item) and int(np.prod(item.shape)) > MOST_VALUES
            array = None if large or len(self.arrays) >= MOST_ARRAYS else as_array(item)
            if array is not None and 1 < array.size <= MOST_VALUES:
                self.arrays.append(array.copy())

    @contextlib.contextmanager
    def gathering(self) -> Iterator[None]:
        torch = loaded_torch()
        if torch is None:
            yield
            return
        from torch.utils._python_dispatch import TorchDispatchMode  # heavy: torch is there already

        gather = self

        class Gathering(TorchDispatchMode):  # type: ignore[no-untyped-call]  # the base is untyped in torch
            def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
                result = func(*args, **(kwargs or {}))
                gather.add(result)
                return result

        with Gathering():  # type: ignore[no-untyped-call]  # likewise
            yield
