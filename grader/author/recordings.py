"""What the reference and its mistaken twins answer to a kit's public tests, recorded under several seeds.

A recording whose inputs have not changed since the last release is kept: it costs nothing to make the same kit again,
and a release that was killed goes on where it was.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import secrets
import time
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path

import msgspec

from grader.course.curriculum import Curriculum, Exercise
from grader.course.files import files_below, write_atomically
from grader.course.imports import imported, rests_on
from grader.course.layout import Layout
from grader.course.mutants import Mistake
from grader.errors import GraderError
from grader.judge.client import Judge
from grader.judge.code_hash import judging_code_hash
from grader.judge.job_builder import build_job, source_in
from grader.judge.libraries import libraries_for
from grader.judge.pace import Pace
from grader.protocol.jobs import Job, RecordMode
from grader.protocol.results import Recorded, SuiteFinished, Verdict
from grader.tester.recording import Recording

TAKES = 3
RECORDED_SEED_BITS = 40
LIBRARIES = ("torch", "numpy", "pytest")

# Takes done, of how many, of which exercise the last one was, and the seconds that the rest will take, once known.
Report = Callable[[int, int, str, float | None], None]


class Take(msgspec.Struct, frozen=True):
    """One run under one seed. `answers` is as the tester wrote it."""

    seed: int
    answers: bytes


class _Failures(msgspec.Struct, frozen=True):
    """A recorded mutant, with as much of it as is counted."""

    mistake: Mistake
    failed: dict[str, msgspec.Raw]


class _Counted(msgspec.Struct, frozen=True):
    """A take's mutants; values, the greatest part, are not looked at."""

    mutants: tuple[_Failures, ...]


class RecordedKit(msgspec.Struct, frozen=True):
    """What the recordings of a kit take, and what they show of the mistakes.

    `unseen` are those that pass every recorded test under one of the seeds at least, so that the kit cannot name them:
    a test of several seconds is not tried on them, and what one does outside its own process is not recorded.
    """

    bytes: int
    mistakes: int
    unseen: tuple[str, ...]


def record_all(layout: Layout, kit: Layout, curriculum: Curriculum, parallel: int, report: Report) -> RecordedKit:
    """Write every recording of the kit."""
    shelf = Shelf(layout.state / "recordings")
    keys = {exercise.name: _inputs_of(layout, kit, curriculum, exercise) for exercise in curriculum.graded}
    held = {name: shelf.read(key)[:TAKES] for name, key in keys.items()}
    missing = [exercise for exercise in curriculum.graded if len(held[exercise.name]) < TAKES]
    if missing:
        jobs = _jobs(layout, kit, missing, held)
        started, pace = time.monotonic(), Pace()
        with Judge(libraries_for(layout, curriculum, missing), parallel=parallel) as judge:
            for exercise, take, seconds in _recorded(judge, jobs):
                held[exercise].append(take)
                shelf.write(keys[exercise], held[exercise])
                pace.add(exercise, seconds)
                left = {item.name: TAKES - len(held[item.name]) for item in missing}
                done = TAKES * len(keys) - sum(left.values())
                report(done, TAKES * len(keys), exercise, pace.left(left, time.monotonic() - started))
    shelf.keep_only(keys.values())
    seen = {name: [_failures(take) for take in takes] for name, takes in held.items()}
    return RecordedKit(
        bytes=sum(_write(kit, name, takes) for name, takes in held.items()),
        mistakes=sum(len(takes[0]) for takes in seen.values()),
        unseen=tuple(f"{name}: {mistake}" for name, takes in seen.items() for mistake in _passed_somewhere(takes)),
    )


def _failures(take: Take) -> dict[str, int]:
    """How many of the recorded tests each mistake fails. One that cannot even be loaded is not among them."""
    mutants = msgspec.msgpack.decode(take.answers, type=_Counted).mutants
    return {mutant.mistake.name: len(mutant.failed) for mutant in mutants}


def _passed_somewhere(takes: list[dict[str, int]]) -> list[str]:
    return sorted({name for take in takes for name, failed in take.items() if not failed})


def _jobs(layout: Layout, kit: Layout, missing: list[Exercise], held: dict[str, list[Take]]) -> list[Job]:
    """The kit's public tests, each time under another seed: each exercise once, then each again."""
    return [
        build_job(
            layout,
            exercise,
            learner=source_in(layout, exercise, layout.solutions),
            seed=secrets.randbits(RECORDED_SEED_BITS),
            mode=RecordMode(),
            suite=kit.suite_file(exercise.name),
        )
        for take in range(TAKES)
        for exercise in missing
        if take >= len(held[exercise.name])
    ]


def _recorded(judge: Judge, jobs: list[Job]) -> Iterator[tuple[str, Take, float]]:
    """Each take when its run is done, with its exercise and the seconds that it took."""
    tickets = {judge.submit(job): job for job in jobs}
    takes: dict[int, Take] = {}
    for ticket, event in judge.events():
        job = tickets[ticket]
        if isinstance(event, Recorded):
            takes[ticket] = Take(job.seed, event.take)
        elif isinstance(event, SuiteFinished):
            if event.result.verdict is not Verdict.TODO or ticket not in takes:
                problem = event.result.problem.message if event.result.problem else "no test ran"
                raise GraderError(f"{job.exercise} could not be recorded: {problem}")
            yield job.exercise, takes.pop(ticket), event.result.seconds


def _write(kit: Layout, exercise: str, takes: list[Take]) -> int:
    data = joined(exercise, takes)
    path = kit.recording_file(exercise)
    write_atomically(path, data)
    write_atomically(path.with_suffix(".seeds"), "\n".join(str(take.seed) for take in takes) + "\n")
    return len(data)


def joined(exercise: str, takes: list[Take]) -> bytes:
    """The file of an exercise's recording, as `tester.recording` reads it."""
    return msgspec.msgpack.encode(Recording(exercise, {take.seed: zlib.compress(take.answers) for take in takes}))


# -- what is kept -------------------------------------------------------------------------------------


class Shelf:
    """Recordings of earlier runs, each under a hash of everything that it rests on."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def read(self, key: str) -> list[Take]:
        """The takes under this key; none where there are none, or where they cannot be read."""
        with suppress(OSError, msgspec.DecodeError):
            return msgspec.msgpack.decode(self._path(key).read_bytes(), type=list[Take])
        return []

    def write(self, key: str, takes: list[Take]) -> None:
        write_atomically(self._path(key), msgspec.msgpack.encode(takes))

    def keep_only(self, keys: Iterable[str]) -> None:
        """Throw away what no exercise needs any more."""
        kept = {self._path(key) for key in keys}
        for path in set(self.folder.glob("*.takes")) - kept:
            path.unlink(missing_ok=True)

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}.takes"


def _inputs_of(layout: Layout, kit: Layout, curriculum: Curriculum, exercise: Exercise) -> str:
    """A hash of what a recording rests on: the public tests, the solutions, the mistakes, the data, the libraries."""
    own = layout.solution_file(exercise.name)

    def imports(item: Exercise) -> Iterator[str]:
        return imported(layout.solution_file(item.name, item.suffix).read_bytes(), item.chapter)

    earlier = rests_on(curriculum, exercise, imports)
    files = [
        *kit.suite_files(exercise.name),
        own,
        *(layout.solution_file(item.name, item.suffix) for item in earlier),
        layout.mistakes_file(exercise.name),
        *files_below(layout.data),
    ]
    versions = [importlib.metadata.version(name) for name in LIBRARIES]
    words = [repr(exercise), str(TAKES), judging_code_hash(), *versions]
    digest = hashlib.sha256()
    for part in (*(word.encode() for word in words), *(path.read_bytes() for path in files if path.exists())):
        digest.update(hashlib.sha256(part).digest())
    return digest.hexdigest()
