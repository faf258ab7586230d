"""The ways to reach code under test, as one: a request frame goes there, a reply frame comes back."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Protocol

Callback = Callable[[int, list[Any], dict[str, Any]], Any]


class Connection(Protocol):
    """Carries one request frame to where the code is and brings the reply frame back.

    `memory` bounds what the code may take beyond what it has; there is no bound where none can be had.
    """

    def exchange(self, frame: bytes, callback: Callback) -> bytes: ...

    def memory(self, size: int) -> AbstractContextManager[None]: ...
