"""What a call was given, as far as it helps to say how its result is wrong."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from grader.tester.compare import as_array, is_array
from grader.tester.contract import Contract, shape_of
from grader.tester.pair import MOST_VALUES, Setting
from grader.tester.transcript import Entry

SHARED_OUT = ("n_heads", "n_kv_heads")  # what widths are divided by


def setting_of(entry: Entry, entries: Iterable[Entry], contract: Contract) -> Setting:
    """The setting of one call. What objects were made with in the same test counts as well: `d_model`, `n_heads`."""
    named = _arguments(entry, contract)
    arrays = {name: array for name, value in named.items() if (array := _array(value)) is not None}
    lengths = dict(_lengths(named, contract.shapes.get(entry.path, {}), arrays))
    returns = contract.returns.get(entry.path)
    axes = (shape_of(returns) if returns is not None else None) or ""
    return Setting(arrays, _with_sizes(lengths, named, entries, contract), tuple(axes.split()), frozenset(lengths))


def _arguments(entry: Entry, contract: Contract) -> dict[str, Any]:
    return {**dict(zip(contract.parameters_of(entry.path), entry.args, strict=False)), **entry.kwargs}


def _array(value: Any) -> np.ndarray | None:
    array = as_array(value) if is_array(value) else None
    return array if array is not None and 0 < array.size <= MOST_VALUES else None


def _lengths(named: dict[str, Any], shapes: dict[str, str], arrays: dict[str, np.ndarray]) -> Iterator[tuple[str, int]]:
    """The axes by the names that the signature gives them, counted from the end behind an ellipsis."""
    for name, array in arrays.items():
        axes = shapes.get(name, "").split()
        known = axes[1:] if axes and axes[0].startswith(("...", "*")) else axes
        if known and (len(known) == array.ndim or (known is not axes and len(known) <= array.ndim)):
            pairs = zip(known, array.shape[array.ndim - len(known) :], strict=True)
            yield from ((axis, length) for axis, length in pairs if axis.isidentifier())


def _with_sizes(
    lengths: dict[str, int], named: dict[str, Any], entries: Iterable[Entry], contract: Contract
) -> dict[str, int]:
    """The lengths with the whole numbers among the arguments, of this call and of those that made objects."""
    found = dict(lengths)
    unsure = set()
    for arguments in (named, *(_arguments(made, contract) for made in entries if made.path[:1].isupper())):
        for name, value in arguments.items():
            if type(value) is int and value > 1:
                unsure |= {name} if found.setdefault(name, value) != value else set()
    found = {name: value for name, value in found.items() if name not in unsure}
    heads = [name for name in SHARED_OUT if name in found]
    if "d_model" in found and heads and not found["d_model"] % found[heads[0]]:
        found[f"d_model / {heads[0]}"] = found["d_model"] // found[heads[0]]
    return found
