"""What a picture is worked out with: the code that is drawn, the course's data, a word on what is under way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

import msgspec
import numpy as np
import torch

from grader.errors import GraderError
from grader.learner.pictures.data import Panel

T = TypeVar("T")


class CannotDraw(GraderError):
    """The learner's code gave nothing that can be drawn. Exit code 1: something is still to be done."""

    exit_code = 1


class Made(msgspec.Struct, frozen=True):
    """The panels of a picture, and its sentence where that depends on them."""

    panels: tuple[Panel, ...]
    sentence: str = ""


@dataclass(frozen=True)
class Part:
    """A module of the code that is drawn: its names, and a clear word where one is missing."""

    exercise: str
    module: ModuleType

    def __getattr__(self, name: str) -> Any:
        try:
            return getattr(self.module, name)
        except AttributeError:
            raise CannotDraw(
                f"{self.exercise} defines no `{name}`", "the picture calls it; `grader show` has the names to define"
            ) from None


@dataclass(frozen=True)
class Studio:
    """`load` gives an exercise's module, `data` is the course's folder, `say` tells what is under way."""

    load: Callable[[str], ModuleType]
    data: Path
    say: Callable[[str], None]
    made: dict[Any, Any] = field(default_factory=dict)

    def part(self, exercise: str) -> Part:
        """The exercise's module, `ch2_embeddings/geometry` say."""
        return Part(exercise, self.load(exercise))

    def once(self, make: Callable[[Studio], T]) -> T:
        """What `make` gives, worked out once for all pictures of an exercise: a trained model, say."""
        if make not in self.made:
            self.made[make] = make(self)
        return self.made[make]  # type: ignore[no-any-return]

    def text(self, file: str) -> str:
        """A file of the course's data."""
        return (self.data / file).read_text(encoding="utf-8")


def array(value: Any, call: str, *shape: int | None) -> np.ndarray[Any, np.dtype[np.float64]]:
    """What `call` gave, as numbers of the shape that the picture needs; None stands for any length."""
    wanted = "(" + ", ".join("any" if n is None else str(n) for n in shape) + ("," if len(shape) == 1 else "") + ")"
    try:
        if value is None:
            raise TypeError
        found = np.asarray(value.detach().cpu() if isinstance(value, torch.Tensor) else value, dtype=np.float64)
    except (TypeError, ValueError):
        raise CannotDraw(f"`{call}` gave {_kind(value)}; the picture needs numbers of shape {wanted}", _HINT) from None
    fits = len(found.shape) == len(shape) and all(n in (None, m) for n, m in zip(shape, found.shape, strict=True))
    if not fits:
        raise CannotDraw(f"`{call}` gave numbers of shape {found.shape}; the picture needs {wanted}", _HINT)
    return found


def number(value: Any, call: str) -> float:
    """What `call` gave, as one number."""
    return float(array(value, call))


_HINT = "`grader check` says what is wrong with it"


def _kind(value: Any) -> str:
    return "None" if value is None else f"a value of type {type(value).__name__}"
