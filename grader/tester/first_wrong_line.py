"""Where a wrong value comes from: the first line whose tensor is none that the reference makes on its way.

The learner may go another way than the reference, and come back to it. So a line counts as wrong only where nothing
that is made of its value is right again, and everything it was made of is.
"""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from grader.tester.compare import as_array, mismatch_mask
from grader.tester.digest import ABSOLUTE, FEWEST_VALUES, RELATIVE
from grader.tester.pair import without_ones
from grader.worker.line_trace import RETURNED

MOST_AXES = 4
DRAWING = ("rand", "multinomial", "bernoulli", "normal", "uniform", "permutation", "shuffle")


@dataclass(frozen=True)
class Bound:
    """A name that a line has bound, in which call of which function, and to what."""

    line: int
    function: str
    call: int
    name: str
    value: np.ndarray


@dataclass(frozen=True)
class Found:
    """A line with the name that it binds, and the last one before it in the same call whose value was right."""

    line: int
    name: str
    right_before: int


def bounds_of(raw: Any, file: str) -> list[Bound]:
    """The learner's lines as they came from the worker: what is not understood is left out."""
    found = []
    for item in raw if type(raw) is list else []:
        if type(item) is not list or len(item) != 6 or item[0] != file:
            continue
        line, function, call, name = item[1:5]
        array = as_array(item[5])
        if type(line) is int and type(function) is type(name) is str and type(call) is int and array is not None:
            found.append(Bound(line, function[:200], call, name[:200], array))
    return found


class Recognises(Protocol):
    """Knows some arrays again."""

    def has(self, value: np.ndarray) -> bool: ...


def first_wrong_line(bound: Sequence[Bound], tree: ast.AST, known: Recognises, inputs: Recognises) -> Found | None:
    """The line at which the learner's values leave the reference's, which are `known`, where that can be told."""
    reads = Reads(tree)
    states = [_state(item.value, known, inputs) for item in bound]
    parents = list(_parents(bound, reads))
    saved = _saved(states, parents)
    doubtful = {*_doubtful(bound, states, parents), *_unknown_masks(bound, known, inputs)}
    for number, item in enumerate(bound):
        if states[number] is not False or number in saved:
            continue
        above = [states[parent] for parent in parents[number]]
        before = [b.line for b, state in zip(bound[:number], states, strict=False) if state and b.call == item.call]
        if False in [state for parent, state in zip(parents[number], above, strict=True) if parent not in saved]:
            continue
        earlier = [line for line in before if line < item.line and line != reads.first_line(item.function)]
        if _came_back(bound, number) or not any(above) or item.line in reads.draws:
            return None  # the fault may be in a function that is called here, or before: draws go on from earlier ones
        if earlier and not doubtful & _ancestors(number, parents):
            return Found(item.line, item.name, max(earlier))
    return None


def _state(value: np.ndarray, known: Recognises, inputs: Recognises) -> bool | None:
    """True for a value that the reference has, False for another one, None where its like may be found anywhere."""
    if value.size < FEWEST_VALUES or value.dtype.kind not in "if" or (value == value.flat[0]).all():
        return None
    return known.has(value) or inputs.has(value)


def _parents(bound: Sequence[Bound], reads: Reads) -> Iterator[list[int]]:
    """For each value the latest ones before it, in the same call, of the names that its line reads."""
    latest: dict[tuple[int, str], int] = {}
    for number, item in enumerate(bound):
        names = reads.at(item.line)
        yield [latest[item.call, name] for name in names if (item.call, name) in latest]
        latest[item.call, item.name] = number


def _saved(states: Sequence[bool | None], parents: Sequence[Sequence[int]]) -> set[int]:
    """The values of which something is made that the reference has as well."""
    saved: set[int] = set()
    for number in range(len(states) - 1, -1, -1):
        if states[number] or number in saved:
            saved.update(parents[number])
    return saved


def _ancestors(number: int, parents: Sequence[Sequence[int]]) -> set[int]:
    """Everything that a value was made of."""
    found: set[int] = set()
    left = [number]
    while left:
        new = [parent for parent in parents[left.pop()] if parent not in found]
        found.update(new)
        left += new
    return found


def _doubtful(bound: Sequence[Bound], states: Sequence[bool | None], parents: Sequence[Sequence[int]]) -> Iterator[int]:
    """Values that are right, but the right ones for another name: keys that are the queries, made anew.

    Arguments may be the same.
    """
    for number, item in enumerate(bound):
        others = (n for n in range(number) if bound[n].call == item.call and bound[n].name != item.name)
        above = _ancestors(number, parents)
        if (
            states[number]
            and above
            and any(n not in above and is_rearranged(bound[n].value, item.value) for n in others)
        ):
            yield number


def _unknown_masks(bound: Sequence[Bound], known: Recognises, inputs: Recognises) -> Iterator[int]:
    """Truth values that the reference does not have, or only their opposite: these may be why a later line differs."""
    for number, item in enumerate(bound):
        value = item.value
        hides_some = _is_mask(value) and value.any() and not value.all()
        if hides_some and not any(side.has(value) for side in (known, inputs)):
            yield number


def _came_back(bound: Sequence[Bound], number: int) -> bool:
    """Whether a value is what a call of another function has returned."""
    item = bound[number]
    others = (b for b in bound[:number] if b.name == RETURNED and b.call != item.call)
    return any(b.value.shape == item.value.shape and _near(b.value, item.value) for b in others)


class Known:
    """Arrays that are found again whatever the order of their axes, cut up or joined."""

    def __init__(self, arrays: Iterable[np.ndarray]) -> None:
        self.by_size: dict[int, list[np.ndarray]] = {}
        for array in arrays:
            if array.size >= FEWEST_VALUES and array.dtype.kind in "bif":
                self.by_size.setdefault(array.size, []).append(array)

    def has(self, value: np.ndarray) -> bool:
        """Whether it is one of them. All values in a row, as they are sent or compared, say nothing of any axes."""
        return any(
            is_rearranged(array, value)
            for array in self.by_size.get(value.size, ())
            if _is_mask(array) == _is_mask(value) and (array.ndim > 1 or value.ndim == 1)
        )


def is_rearranged(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether both are the same but for the order of axes, and for neighbouring axes that one has joined."""
    if a.size != b.size or not _near(np.sort(a, axis=None), np.sort(b, axis=None)):
        return False
    a, b = a.reshape(without_ones(a.shape)), b.reshape(without_ones(b.shape))
    more, fewer = (a, b) if a.ndim >= b.ndim else (b, a)
    turned = (more.transpose(order) for order in _orders(more))
    return any(_joins_to(x.shape, fewer.shape) and _near(x.reshape(fewer.shape), fewer) for x in turned)


def _joins_to(shape: tuple[int, ...], joined: tuple[int, ...]) -> bool:
    """Whether the second shape is the first with neighbouring axes joined."""
    left = list(shape)
    for length in joined:
        while left and length % left[0] == 0 and length > 1:
            length //= left.pop(0)
        if length > 1:
            return False
    return not left


def _is_mask(a: np.ndarray) -> bool:
    return a.dtype.kind == "b"


def _near(a: np.ndarray, b: np.ndarray) -> bool:
    return not mismatch_mask(a, b, RELATIVE, ABSOLUTE).any()


def _orders(a: np.ndarray) -> Iterable[tuple[int, ...]]:
    return itertools.permutations(range(a.ndim)) if a.ndim <= MOST_AXES else (tuple(range(a.ndim)),)


def _draws(node: ast.AST) -> bool:
    """Whether random numbers are drawn: by a generator that is passed on, or by a function of such a name."""
    name = node.arg if isinstance(node, ast.keyword) else node.attr if isinstance(node, ast.Attribute) else None
    return name is not None and (name == "generator" or name.startswith(DRAWING))


class Reads:
    """The names that the statement at each line reads, and where each function begins."""

    def __init__(self, tree: ast.AST) -> None:
        self.names: dict[int, set[str]] = {}
        self.starts: dict[str, int] = {}
        self.draws: set[int] = set()  # lines at which numbers are drawn
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef):
                self.starts[node.name] = node.lineno
            elif isinstance(node, ast.stmt) and not hasattr(node, "body"):
                found = {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)}
                lines = range(node.lineno, (node.end_lineno or node.lineno) + 1)
                for line in lines:
                    self.names.setdefault(line, set()).update(found)
                if any(_draws(inner) for inner in ast.walk(node)):
                    self.draws.update(lines)

    def at(self, line: int) -> set[str]:
        return self.names.get(line, set())

    def first_line(self, function: str) -> int:
        """Where the function of this qualified name begins: its arguments are bound there."""
        return self.starts.get(function.rpartition(".")[2], 0)
