"""The ways to reach code under test, as one: a request frame goes there, a reply frame comes back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

Callback = Callable[[int, list[Any], dict[str, Any]], Any]


class Connection(Protocol):
    """Carries one request frame to where the code is and brings the reply frame back."""

    def exchange(self, frame: bytes, callback: Callback) -> bytes: ...
