"""Gradescope's `submission_metadata.yml`: who handed each submission in, all of a group, and when."""

from __future__ import annotations

import datetime
import importlib
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from grader.errors import UsageError

METADATA = "submission_metadata.yml"
MAX_METADATA_BYTES = 64 * 2**20


@dataclass(frozen=True)
class Submitter:
    """One of those who handed a submission in."""

    name: str
    sid: str
    email: str


@dataclass(frozen=True)
class Submitted:
    """What is known of a submission. `created` is in seconds since 1970, 0 where it is not said."""

    submitters: tuple[Submitter, ...]
    created: float = 0.0


def read_metadata(text: bytes) -> dict[str, Submitted]:
    """Each submission by its number. Tags of Ruby's are passed over: the values are plain."""
    yaml = importlib.import_module("yaml")  # a second's work less for every other class

    class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc] # which one, this machine decides
        pass

    Loader.add_multi_constructor("!ruby/", lambda loader, suffix, node: _plain(loader, node))
    try:
        document = yaml.load(text, Loader=Loader)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        said = " ".join(str(error).split())[:200]
        raise UsageError(f"{METADATA} cannot be read: {said}", "export the submissions anew") from None
    if not isinstance(document, dict):
        raise UsageError(f"{METADATA} does not list submissions", "export the submissions anew")
    entries = {str(key).removeprefix("submission_"): value for key, value in document.items()}
    return {number: _submitted(value) for number, value in entries.items() if isinstance(value, dict)}


def _plain(loader: Any, node: Any) -> Any:
    kind = type(node).__name__
    if kind == "MappingNode":
        return loader.construct_mapping(node, deep=True)
    return loader.construct_sequence(node, deep=True) if kind == "SequenceNode" else loader.construct_scalar(node)


def _submitted(value: dict[Any, Any]) -> Submitted:
    people = _get(value, "submitters")
    found = [_submitter(item) for item in people if isinstance(item, dict)] if isinstance(people, list) else []
    return Submitted(tuple(found), _seconds(_get(value, "created_at")))


def _submitter(item: dict[Any, Any]) -> Submitter:
    return Submitter(*(str(_get(item, key) or "").strip() for key in ("name", "sid", "email")))


def _get(value: dict[Any, Any], key: str) -> Any:
    """Ruby's symbols are written with a colon in front."""
    return value.get(f":{key}", value.get(key))


def _seconds(moment: Any) -> float:
    with suppress(ValueError):
        moment = datetime.datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    if not isinstance(moment, datetime.datetime):
        return 0.0
    return (moment if moment.tzinfo is not None else moment.replace(tzinfo=datetime.UTC)).timestamp()
