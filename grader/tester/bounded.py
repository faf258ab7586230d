"""Results of a size that can be kept and shown, whatever the learner's code put into them."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

T = TypeVar("T")
MAX_TEXT = 20_000  # of what a test prints 16 KiB are kept
MAX_ITEMS = 200


def bounded(value: T) -> T:
    """The same data with no text and no tuple longer than a reader could want."""
    found: T = _bounded(value)
    return found


def _bounded(value: Any) -> Any:
    if isinstance(value, msgspec.Struct):
        fields = {name: _bounded(getattr(value, name)) for name in value.__struct_fields__}
        return msgspec.structs.replace(value, **fields)
    if type(value) is str and len(value) > MAX_TEXT:
        half = MAX_TEXT // 2
        return f"{value[:half]} … {len(value) - 2 * half:,} characters more … {value[-half:]}"
    return tuple(map(_bounded, value[:MAX_ITEMS])) if type(value) is tuple else value
