"""How lists, dicts, sets and texts differ: what is missing, what is too many, what changed places, from where on."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence, Sized
from typing import Any

from grader.protocol.describe import describe, shorten

MOST_NAMED, FEW = 3, 5
MOST_ITEMS = 2_000  # they may be chosen so that a table of them takes time with the square of their number


def of_items(wanted: Any, came: Any) -> str | None:
    """A sentence on two lists, tuples, sets, mappings or texts that differ; None where nothing simple is to be said."""
    if type(wanted) is str and type(came) is str:
        return of_texts(wanted, came)
    if not isinstance(wanted, Sized) or not isinstance(came, Sized) or max(len(wanted), len(came)) > MOST_ITEMS:
        return None
    if not (_is_plain(wanted) and _is_plain(came)):
        return None
    if isinstance(wanted, Mapping) and isinstance(came, Mapping):
        return of_mappings(wanted, came)
    if isinstance(wanted, set | frozenset) and isinstance(came, set | frozenset):
        return of_collections(sorted(wanted, key=repr), sorted(came, key=repr))
    if isinstance(wanted, list | tuple) and isinstance(came, list | tuple):
        return of_sequences(wanted, came)
    return None


def _is_plain(value: Any) -> bool:
    """Whether it holds numbers, texts and collections of such alone: what compares without a word of others' code."""
    if isinstance(value, Mapping):
        return all(map(_is_plain, value)) and all(map(_is_plain, value.values()))
    if type(value) in (list, tuple, set, frozenset):
        return all(map(_is_plain, value))
    return value is None or type(value) in (bool, int, float, str, bytes)


def of_texts(wanted: str, came: str) -> str | None:
    if wanted.lower() == came.lower():
        return "Only capital and small letters differ."
    if wanted.split() == came.split() or "".join(wanted.split()) == "".join(came.split()):
        return "Only spaces or line ends differ."
    if wanted and came == wanted[::-1]:
        return "The text is in reverse order."
    if came and wanted.startswith(came):
        return f"The end is missing: {shorten(repr(wanted[len(came) :]), 40)}."
    if wanted and came.startswith(wanted):
        return f"There is too much at the end: {shorten(repr(came[len(wanted) :]), 40)}."
    place = next((n for n, (a, b) in enumerate(zip(wanted, came, strict=False)) if a != b), None)
    if place is None or not place:
        return None
    there = f"{came[place]!r} stands where {wanted[place]!r} was wanted"
    return f"The first {place} characters are right; then {there}."


def of_mappings(wanted: Mapping[Any, Any], came: Mapping[Any, Any]) -> str | None:
    missing = [key for key in wanted if key not in came]
    surplus = [key for key in came if key not in wanted]
    if missing or surplus:
        return _missing_and_surplus(missing, surplus)
    wrong = [key for key in wanted if wanted[key] != came[key]]
    if not wrong:
        return None
    first, more = wrong[0], len(wrong) - 1
    text = f"For {_one(first)}, {describe(came[first])} came, not {describe(wanted[first])}"
    return f"{text}; {more} more {'is' if more == 1 else 'are'} wrong." if more else f"{text}."


def of_sequences(wanted: Sequence[Any], came: Sequence[Any]) -> str | None:
    if list(came) == list(wanted)[::-1] and len(wanted) > 1:
        return "The items are in reverse order."
    if shift := _shift(wanted, came):
        return shift
    if found := of_collections(wanted, came):
        return found
    if len(wanted) > FEW and type(wanted[0]) in (list, tuple) and _is_sorted(wanted) and _is_sorted(came):
        return None  # pairs in order: most likely the test has sorted them, and places say nothing of the answer
    place = next((n for n, (a, b) in enumerate(zip(wanted, came, strict=False)) if a != b), None)
    if place is None:
        return None
    if type(wanted[place]) is str and type(came[place]) is str and len(wanted) == len(came):
        inner = of_texts(wanted[place], came[place])
        if inner:
            return f"Item {place} is the first that is wrong. {inner}"
    before = f"the {place} before it are right" if place > 1 else "the one before it is right" if place else ""
    text = f"Item {place} is the first that is wrong: {describe(came[place])} came, not {describe(wanted[place])}"
    return f"{text}; {before}." if before else f"{text}."


def _is_sorted(items: Sequence[Any]) -> bool:
    try:
        return all(a <= b for a, b in itertools.pairwise(items))
    except TypeError:
        return False


def _shift(wanted: Sequence[Any], came: Sequence[Any]) -> str | None:
    """Numbers in a list that are all off by one."""
    numbers = all(type(item) is int for item in [*wanted, *came])
    if len(wanted) != len(came) or len(wanted) < 2 or not numbers:
        return None
    gaps = {b - a for a, b in zip(wanted, came, strict=True)}
    if len(gaps) == 1 and (gap := gaps.pop()):
        return f"Every item is {abs(gap)} {'more' if gap > 0 else 'less'} than what was wanted."
    return None


def of_collections(wanted: Sequence[Any], came: Sequence[Any]) -> str | None:
    """As collections: what one has more often than the other. Items that cannot be counted say nothing."""
    if not all(isinstance(item, Hashable) for item in [*wanted, *came]):
        return None
    try:
        missing, surplus = Counter(wanted) - Counter(came), Counter(came) - Counter(wanted)
    except TypeError:
        return None
    if not missing and not surplus:
        return "The items are the right ones, but in another order." if list(wanted) != list(came) else None
    if sum(missing.values()) > len(wanted) / 2 and surplus:
        return None
    return _missing_and_surplus(list(missing.elements()), list(surplus.elements()))


def _missing_and_surplus(missing: Sequence[Any], surplus: Sequence[Any]) -> str | None:
    parts = []
    if missing:
        parts.append(f"{_named(missing)} {'is' if len(missing) == 1 else 'are'} missing")
    if surplus:
        parts.append(f"{_named(surplus)} {'is' if len(surplus) == 1 else 'are'} not wanted")
    text = "; ".join(parts)
    return f"{text[0].upper()}{text[1:]}." if parts else None


def _named(items: Iterable[Any]) -> str:
    items = list(items)
    shown = [_one(item) for item in items[:MOST_NAMED]]
    more = len(items) - len(shown)
    if more:
        return f"{', '.join(shown)} and {more} more"
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"


def _one(item: Any) -> str:
    return f"`{shorten(item)}`" if type(item) is str and item.isprintable() and item.strip() else describe(item)
