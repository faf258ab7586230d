"""A closer look at one call of a test that is run once more: it ends there."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import numpy as np

from grader.protocol.wire import loaded_torch
from grader.tester.compare import as_array, is_array

MOST_ARRAYS, MOST_VALUES = 4000, 4096


class Enough(BaseException):
    """The call was seen; what the test would do afterwards is no matter."""


class Watch:
    """The exchange of this number is looked at, and the test ends there; without a number every call is.

    `seen` is called once a call has its answer.
    """

    def __init__(
        self, number: int | None, looking: Callable[[], AbstractContextManager[None]], seen: Callable[[Any], None]
    ) -> None:
        self.number = number
        self.looking = looking
        self.seen = seen


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
