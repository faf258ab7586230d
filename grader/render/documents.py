"""JSON documents as they leave the kit: every text in them is made visible."""

from __future__ import annotations

from typing import Any

import msgspec

from grader.course.visible import visible


def document_text(document: Any, indent: int | None = None) -> str:
    """The document as JSON, on one line unless it is to be indented."""
    encoded = msgspec.json.encode(_shown(msgspec.to_builtins(document)))
    return (encoded if indent is None else msgspec.json.format(encoded, indent=indent)).decode()


def _shown(value: Any) -> Any:
    if isinstance(value, str):
        return visible(value)
    if isinstance(value, dict):
        return {visible(key): _shown(inner) for key, inner in value.items()}
    return [_shown(inner) for inner in value] if isinstance(value, list | tuple) else value
