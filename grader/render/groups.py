"""The groups of a class as the document that `grader dev mistake` reads: docs/json.md says what each field is."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from grader.protocol.groups import FORMAT, Group, Kept
from grader.render.documents import document_text


def groups_json(groups: Iterable[Group]) -> str:
    """One document for one run. Each member's file stands in it as it was handed in, in base64."""
    return document_text(msgspec.to_builtins(Kept(FORMAT, tuple(groups))), indent=1) + "\n"
