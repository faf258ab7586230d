"""Pictures of the learner's own code as they were drawn, kept as long as nothing changes that they show."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from grader.course.curriculum import Exercise
from grader.course.files import write_atomically
from grader.errors import GraderError
from grader.learner.pictures.catalogue import pictures_for
from grader.learner.progress import ProgressStore

PACKAGE = Path(__file__).parents[1]
DRAWING = ("learner/pictures", "render/figures")


class Drawing(msgspec.Struct, frozen=True):
    """A picture as two SVGs, for a wide page and for a narrow one. `words` say what it shows."""

    name: str
    exercise: str
    words: str
    wide: str
    narrow: str


class NotDrawn(msgspec.Struct, frozen=True):
    """Why a picture of an exercise that passed is not here; without a `title` it is all of them."""

    exercise: str
    reason: str
    title: str = ""


class _Kept(msgspec.Struct, frozen=True):
    """A file of the store. Another `key` means that the pictures would be others now."""

    key: str
    drawings: tuple[Drawing, ...]


Draw = Callable[[Exercise], tuple[Drawing | NotDrawn, ...]]


def drawings_of(progress: ProgressStore, draw: Draw) -> Iterator[Drawing | NotDrawn]:
    """The pictures of every exercise that has passed, in the order of the course. What fails costs itself alone."""
    for exercise in progress.curriculum.graded:
        if pictures_for(exercise.name) and progress.has_passed(exercise):
            try:
                yield from _kept_or_drawn(progress, exercise, draw)
            except GraderError as error:
                yield NotDrawn(exercise.name, error.message)
            except (Exception, SystemExit) as error:  # of the learner's code: it runs in this process
                yield NotDrawn(exercise.name, f"{type(error).__name__}: {error}")


def _kept_or_drawn(progress: ProgressStore, exercise: Exercise, draw: Draw) -> tuple[Drawing | NotDrawn, ...]:
    path, key = progress.layout.drawn_file(exercise.name), _key(progress, exercise)
    with contextlib.suppress(OSError, msgspec.DecodeError, UnicodeDecodeError):
        kept = msgspec.json.decode(path.read_bytes(), type=_Kept)
        if kept.key == key:
            return kept.drawings
    found = draw(exercise)
    drawings = tuple(item for item in found if isinstance(item, Drawing))
    if len(drawings) == len(found):
        with contextlib.suppress(OSError):  # a disk that is read-only is no fault
            write_atomically(path, msgspec.json.encode(_Kept(key, drawings)))
    return found


def _key(progress: ProgressStore, exercise: Exercise) -> str:
    """Of all that a picture may show: a picture may use any earlier part, whether the exercise needs it or not."""
    digest = hashlib.sha256()
    graded = progress.curriculum.graded
    for item in graded[: graded.index(exercise) + 1]:
        digest.update(progress.fingerprint(item).encode())
    recorded = progress.layout.picture_file(exercise.name)
    digest.update(recorded.read_bytes() if recorded.exists() else b"")
    for path in sorted(path for folder in DRAWING for path in (PACKAGE / folder).glob("*.py")):
        stat = path.stat()
        digest.update(f"{path.name}:{stat.st_size}:{stat.st_mtime_ns}".encode())
    return digest.hexdigest()
