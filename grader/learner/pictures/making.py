"""A picture of the learner's own code, worked out, and the reference's beside it."""

from __future__ import annotations

import importlib
import math
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import msgspec

from grader.course.cells import cell_and_line
from grader.course.curriculum import Curriculum, Exercise
from grader.course.layout import Layout
from grader.errors import GraderError, UsageError
from grader.learner.own_code import OwnCode
from grader.learner.pictures.catalogue import Picture, pictures_for
from grader.learner.pictures.data import PictureData
from grader.learner.pictures.quiet import apart
from grader.learner.pictures.studio import CannotDraw, Made, Studio
from grader.worker.loading import load_exercise

Say = Callable[[str], None]
Failed = Callable[[Picture, GraderError], None]
UNSEEN = 1e-3


class Pair(msgspec.Struct, frozen=True):
    """A picture of the learner's code, and of the reference's where there is one."""

    own: PictureData
    reference: PictureData | None

    @property
    def is_same(self) -> bool:
        """Whether both show the same, but for what no eye sees."""
        return self.reference is not None and _are_alike(
            msgspec.to_builtins(self.own.panels), msgspec.to_builtins(self.reference.panels)
        )


def silent(_: str) -> None:
    """Says nothing of what is under way."""


def pictures_of(
    layout: Layout, curriculum: Curriculum, exercise: Exercise, say: Say = silent, failed: Failed | None = None
) -> tuple[Pair, ...]:
    """The pictures of an exercise, as the learner's own code makes them, each with the reference's."""
    own = own_pictures(layout, curriculum, exercise, say, failed)
    references = {data.name: data for data in reference_pictures(layout, exercise, say)}
    return tuple(Pair(data, references.get(data.name)) for data in own)


def own_pictures(
    layout: Layout, curriculum: Curriculum, exercise: Exercise, say: Say = silent, failed: Failed | None = None
) -> tuple[PictureData, ...]:
    """What the learner's own code makes. A `GraderError` says why it makes nothing.

    With `failed` it is told there of each picture that cannot be made, and the others are.
    """
    made = []
    with OwnCode(layout, curriculum) as code, apart():
        studio = Studio(code.module, layout.data, say)
        for picture in pictures_for(exercise.name):
            try:
                with _telling_the_line(code, exercise):
                    made.append(_made(picture, studio))
            except GraderError as error:
                if failed is None:
                    raise
                failed(picture, error)
    return tuple(made)


def reference_pictures(layout: Layout, exercise: Exercise, say: Say = silent) -> tuple[PictureData, ...]:
    """What the reference's code makes: as a kit has it recorded, or worked out where the solutions are."""
    recorded = layout.picture_file(exercise.name)
    if recorded.exists():
        return msgspec.json.decode(recorded.read_bytes(), type=tuple[PictureData, ...])
    if not layout.solution_file(exercise.name).exists():
        return ()

    def load(name: str) -> ModuleType:
        return load_exercise(name.replace("/", "."), layout.solution_file(name), layout.solutions)

    with apart():
        studio = Studio(load, layout.data, lambda text: say(f"the reference's: {text}"))
        return tuple(_made(picture, studio) for picture in pictures_for(exercise.name))


def recorded_pictures(layout: Layout, exercise: Exercise) -> bytes:
    """The reference's pictures as a kit keeps them."""
    return msgspec.json.encode(reference_pictures(layout, exercise))


def _are_alike(a: object, b: object) -> bool:
    """Compare what structs are made of: numbers by size, all else exactly."""
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(_are_alike(a[key], b[key]) for key in a)
    if isinstance(a, tuple | list) and isinstance(b, tuple | list):
        return len(a) == len(b) and all(map(_are_alike, a, b))
    if isinstance(a, float) and isinstance(b, float):
        return math.isclose(a, b, rel_tol=UNSEEN, abs_tol=UNSEEN)
    return a == b


def _made(picture: Picture, studio: Studio) -> PictureData:
    studio.say(picture.title)
    work_out: Callable[[Studio], Made] = getattr(
        importlib.import_module(f"grader.learner.pictures.{picture.module}"), picture.function
    )
    made = work_out(studio)
    return PictureData(
        name=picture.name,
        exercise=picture.exercise,
        title=picture.title,
        question=picture.question,
        sentence=made.sentence or picture.sentence,
        panels=made.panels,
    )


@contextmanager
def _telling_the_line(code: OwnCode, exercise: Exercise) -> Iterator[None]:
    """An exception of the learner's code becomes one sentence with its place: our own frames help nobody."""
    try:
        with code.telling_what_is_to_do():
            yield
    except GraderError:
        raise
    except Exception as error:
        short = code.curriculum.shortest_name(exercise)
        said = error.msg if isinstance(error, SyntaxError) else str(error)
        what = f"{type(error).__name__}: {said}" if said else type(error).__name__
        hint = f"`grader check {short}` says more"
        if isinstance(error, SyntaxError) and error.filename:
            raise CannotDraw(f"{_place(code, error.filename, error.lineno or 1)}: {what}", hint) from error
        for frame in reversed(traceback.extract_tb(error.__traceback__)):
            if (place := _place(code, frame.filename, frame.lineno or 1)) is not None:
                raise CannotDraw(f"{place}: {what}", hint) from error
        raise CannotDraw(f"no picture can be made of what {exercise.name} gave: {what}", hint) from error


def _place(code: OwnCode, file: str, line: int) -> str | None:
    """The learner's file and line, as they know it; None for a file of somebody else's."""
    path = Path(file).resolve()
    root = (code.workspace.root or code.layout.exercises).resolve()
    if not path.is_relative_to(root):
        return None
    name = path.relative_to(root).with_suffix("").as_posix()
    try:
        source = code.workspace.source(code.curriculum.get(name))
    except UsageError:  # a file of the learner's that is no exercise
        return f"{code.layout.display_path(path)}, line {line}"
    if source.cells is None:
        return f"{source.display_path}, line {line}"
    cell, line = cell_and_line(source.cells, line)
    return f"{source.display_path}, cell {cell}, line {line}"
