"""A use of a library's name as data, and which uses are looked for."""

from __future__ import annotations

import ast
import enum
import re
from dataclasses import dataclass


class Sort(enum.Enum):
    """How sure a use is."""

    NAME = enum.auto()  # a name of a library
    METHOD = enum.auto()  # an attribute of something that may be a tensor
    COMPUTED = enum.auto()  # a name of the library that is computed when the file runs
    COMPUTED_METHOD = enum.auto()  # the same of something that may be a tensor, called
    HANDED_ON = enum.auto()  # a module of the library as an argument or an entry, where it is not followed
    UNKNOWN = enum.auto()  # something of a module that nobody has vouched for
    BEHIND = enum.auto()  # what leads anywhere, as `eval` does
    TANGLED = enum.auto()  # too much to be followed


@dataclass(frozen=True)
class Use:
    """One use. `name` is what is shown, `part` its last part, by which a ban knows it."""

    sort: Sort
    name: str
    part: str
    node: ast.AST


@dataclass(frozen=True)
class Wanted:
    """Which uses are looked for: names of the library by their last part, and attributes of what may be a tensor."""

    parts: re.Pattern[str]
    methods: frozenset[str]
