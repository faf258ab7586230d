"""What is kept beside a checkpoint: of which run it is, when it was evaluated, what the model wrote meanwhile."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import msgspec

from grader.course.files import write_atomically
from grader.errors import UsageError
from grader.learner.writing import Moment


class Segment(msgspec.Struct, frozen=True):
    """A stretch of steps under one plan: from `first` on, evaluated each `every` steps, up to `steps`."""

    first: int
    every: int
    steps: int


class RunRecord(msgspec.Struct, frozen=True):
    """`about` says what a checkpoint's model and text are: a run goes on with the same alone."""

    about: dict[str, str]
    segments: tuple[Segment, ...] = ()
    moments: tuple[Moment, ...] = ()

    def begun_at(self, step: int, every: int, steps: int) -> RunRecord:
        """The record once a run has taken `step` as its first one: what it takes again is forgotten."""
        segments = tuple(segment for segment in self.segments if segment.first < step)
        moments = tuple(moment for moment in self.moments if moment.step < step)
        return RunRecord(self.about, (*segments, Segment(step, every, steps)), moments)

    def with_moment(self, moment: Moment) -> RunRecord:
        return msgspec.structs.replace(self, moments=(*self.moments, moment))

    def evaluated(self) -> Iterator[int]:
        """The steps after which the model was evaluated, in order."""
        ends = [*(segment.first - 1 for segment in self.segments[1:]), None]
        for segment, end in zip(self.segments, ends, strict=False):
            for step in range(segment.first, (segment.steps if end is None else end) + 1):
                if step % segment.every == 0 or step == segment.steps:
                    yield step


def record_file(checkpoint: Path) -> Path:
    """The record's place beside its checkpoint."""
    return checkpoint.with_name(checkpoint.name + ".json")


def record_of(checkpoint: Path | None, about: dict[str, str]) -> RunRecord:
    """The record of the run that a checkpoint is of, or a new one. A checkpoint of another run is refused."""
    if checkpoint is None or not checkpoint.exists():
        return RunRecord(about)
    found = None
    with contextlib.suppress(OSError, msgspec.DecodeError, UnicodeDecodeError):
        found = msgspec.json.decode(record_file(checkpoint).read_bytes(), type=RunRecord)
    if found is None:
        return RunRecord(about)
    for key, value in about.items():
        if found.about.get(key, value) != value:
            raise UsageError(
                f"{checkpoint} is of another run: there, {key} is {found.about[key]}, and here it is {value}",
                "ask for the same again, or for a place of its own; `--anew` begins again in its place",
            )
    return found


def keep_record(checkpoint: Path, record: RunRecord) -> None:
    write_atomically(record_file(checkpoint), msgspec.json.format(msgspec.json.encode(record), indent=1))
