"""Values in a few words, for messages: never calls code that a value brings with it."""

from __future__ import annotations

import collections
import pathlib
from typing import Any

import numpy as np

from grader.protocol.wire import Unsendable, describe_type, loaded_torch

MAX_DESCRIPTION = 60


def describe(value: Any) -> str:
    """One short line about a value: `float32 (2, 5, 8)`, `[1, 2, 3]`, `'a tale'`, `list of 40 items`."""
    kind = type(value)
    if value is None or kind in (bool, int, float, str, bytes, complex):
        return shorten(_written(value))
    if isinstance(value, Unsendable):
        return value.description
    if isinstance(value, pathlib.PurePath):
        return shorten(repr(value))
    if kind in (list, tuple, set, frozenset):
        return _describe_items(value)
    if kind in (dict, collections.Counter):
        return _describe_mapping(value)
    if isinstance(value, np.generic):
        return f"{value!r}"
    if kind is np.ndarray:
        return f"array {value.dtype} {_shape(value.shape)}"
    return _describe_torch(value) or getattr(value, "kit_description", None) or describe_type(value)


def describe_result(value: Any) -> str:
    """As `describe`, but the parts of a tuple each get their own words."""
    if type(value) is tuple and 0 < len(value) <= 4:
        return "(" + ", ".join(describe(item) for item in value) + ")"
    return describe(value)


def shorten(text: str, limit: int = MAX_DESCRIPTION) -> str:
    """The text on one line, cut in the middle where it is long."""
    text = text.replace("\n", "\\n").replace("\r", "\\r")
    if len(text) <= limit:
        return text
    half = (limit - 1) // 2
    return text[:half] + "…" + text[-half:]


def _written(value: Any) -> str:
    """As Python writes it. Of hundreds of millions of bytes only the two ends are written out, which will be shown."""
    if type(value) in (str, bytes) and len(value) > 2 * MAX_DESCRIPTION:
        return repr(value[:MAX_DESCRIPTION]) + repr(value[-MAX_DESCRIPTION:])
    return repr(value)


def _shape(shape: Any) -> str:
    return str(tuple(shape))


def _describe_torch(value: Any) -> str | None:
    torch = loaded_torch()
    if torch is None:
        return None
    if isinstance(value, torch.Tensor):
        name = str(value.dtype).removeprefix("torch.")
        where = "" if value.device.type == "cpu" else f" on {value.device.type}"
        if value.ndim == 0 and not where and type(value) is torch.Tensor:
            return f"tensor {name} {value.item()!r}"
        return f"tensor {name} {_shape(value.shape)}{where}"
    if isinstance(value, torch.Generator):
        return "a torch.Generator"
    if isinstance(value, torch.dtype):
        return str(value)
    return None


def _describe_items(value: Any) -> str:
    if len(value) <= 8:
        parts = ", ".join(describe(item) for item in value)
        marks = {"list": "[]", "tuple": "()"}.get(type(value).__name__, "{}")
        text = marks[0] + parts + marks[1]
        if len(text) <= MAX_DESCRIPTION:
            return text
    return f"{type(value).__name__} of {len(value)} items"


def _describe_mapping(value: Any) -> str:
    if len(value) <= 4:
        text = "{" + ", ".join(f"{describe(k)}: {describe(v)}" for k, v in value.items()) + "}"
        if len(text) <= MAX_DESCRIPTION:
            return text
    return f"{type(value).__name__} of {len(value)} entries"
