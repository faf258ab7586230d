"""Work items: one file of one student, with the earlier parts that it is to be judged on."""

from __future__ import annotations

import functools
import hashlib
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from grader.course.borrowing import Others, Part, part_of
from grader.course.cells import Cells, suffix_of
from grader.course.curriculum import Curriculum, Exercise
from grader.course.imports import imported, rests_on
from grader.course.layout import Layout, file_in
from grader.course.mistakes import load_mutants
from grader.course.mutants import Mutant
from grader.course.source import SourceProblem, problem_in
from grader.course.stubs import handed_out_stub
from grader.course.temporary import TemporaryFolder
from grader.judge.apart import Bounds
from grader.judge.job_builder import build_job
from grader.judge.unreadable import problem_apart, unreadable_result
from grader.protocol.jobs import Job, JudgeMode, LearnerSource, Shown
from grader.protocol.results import ExerciseResult, Failure, Verdict
from grader.score.intake.submission import Submission

FOUND_OUT = b"sketches"  # what a result holds beyond its verdicts: one that lacks it is judged again
ONE_FILE = Bounds(processor_seconds=15, clock_seconds=90)


class Work(msgspec.Struct, frozen=True):
    """`file` is the student's, `parts` are the earlier ones that it rests on, by exercise.

    `notebooks` has the cells of what was handed in as a notebook. Two equal digests are the same work.
    `on_wrong_parts` says that one of the parts has failed by itself, and may be why this one fails.
    """

    exercise: str
    file: bytes
    parts: dict[str, bytes]
    notebooks: dict[str, Cells]
    seed: int
    tier: str
    digest: str
    carried: bool = False
    on_wrong_parts: bool = False


def make_work(
    layout: Layout,
    curriculum: Curriculum,
    submission: Submission,
    exercise: Exercise,
    seed: int,
    tier: str,
    carried: bool,
) -> Work:
    """The item for an exercise that was handed in. `carried` takes what it needs from the reference.

    What the file imports beyond that is the student's own in any case.
    """
    file = submission.files[exercise.name]
    replaced = curriculum.prerequisites_of(exercise) if carried else ()  # no more: another part could be the answer

    @functools.cache
    def read(item: Exercise) -> bytes:
        if item is exercise:
            return file
        if item in replaced:
            return layout.solution_file(item.name).read_bytes()
        return submission.files.get(item.name) or _stub(layout, item)

    def imports(item: Exercise) -> Iterable[str]:
        """Of a stranger's file it was found out where it was read, apart from this process."""
        known = submission.imports.get(item.name) if item not in replaced else None
        return imported(read(item), item.chapter) if known is None else known

    parts = {part.name: read(part) for part in rests_on(curriculum, exercise, imports)}
    own = {exercise.name, *parts} - {item.name for item in replaced}
    notebooks = {name: module.cells for name, module in submission.modules.items() if name in own}
    digest = hashlib.sha256()
    for part in (
        exercise.name.encode(),
        repr(exercise).encode(),
        file,
        *(_content(path) for path in layout.suite_files(exercise.name)),
        _content(layout.solution_file(exercise.name)),
        _content(layout.mistakes_file(exercise.name)),
        *(item for name in sorted(parts) for item in (name.encode(), parts[name])),
        repr(sorted(notebooks.items())).encode(),
        str(seed).encode(),
        tier.encode(),
        FOUND_OUT,
    ):
        digest.update(hashlib.sha256(part).digest())
    return Work(exercise.name, file, parts, notebooks, seed, tier, digest.hexdigest(), carried)


def _stub(layout: Layout, exercise: Exercise) -> bytes:
    """What stands in for a file that was not handed in: it is still to do."""
    return handed_out_stub(layout, exercise).encode()


def _content(path: Path) -> bytes:
    return path.read_bytes() if path.exists() else b""


class Workshop:
    """Lays out work items. What is the same for the whole class is read, or found out, once."""

    def __init__(self, layout: Layout, curriculum: Curriculum) -> None:
        self.layout = layout
        self.curriculum = curriculum
        self.folder = TemporaryFolder()
        self.memo = self.folder.path / "memo"
        self.memo.mkdir()
        self.mutants: dict[str, tuple[Mutant, ...]] = {}

    def prepare(self, work: Work) -> Prepared:
        """The item in a folder of its own, with a job, or with the result where there is nothing to run."""
        exercise = self.curriculum.get(work.exercise)
        folder = tempfile.TemporaryDirectory(prefix="work-", dir=self.folder.path)
        root = Path(folder.name)
        path = file_in(root, work.exercise)
        for name, data in {**work.parts, work.exercise: work.file}.items():
            write_plainly(file_in(root, name), data)
        cells = work.notebooks.get(work.exercise)
        display_path = work.exercise + suffix_of(cells)
        problem = self._problem(exercise, work, display_path)
        if problem is not None:
            result = unreadable_result(exercise, problem, display_path, cells, work.seed, work.tier)
            return Prepared(work, folder, None, result)
        job = build_job(
            self.layout,
            exercise,
            learner=LearnerSource(str(path), str(root), display_path, work.notebooks),
            seed=work.seed,
            mode=JudgeMode(
                several=not work.on_wrong_parts,  # what is wrong with the file itself is found on right parts
                shown=Shown.NONE if work.carried else Shown.PUBLIC,
                sketch=True,
            ),
            mutants=self._mutants(work.exercise),
            memo=str(self.memo),
        )
        return Prepared(work, folder, job, None)

    def _problem(self, exercise: Exercise, work: Work, display_path: str) -> SourceProblem | None:
        """Why the file cannot be judged, if it cannot. It is parsed in a process of its own."""

        def part(name: str) -> Part | None:
            if name not in work.parts:
                return None
            stub = handed_out_stub(self.layout, self.curriculum.get(name))
            return part_of(work.parts[name], work.notebooks.get(name), stub)

        others, cells = Others(self.curriculum.needed_by(exercise), part), work.notebooks.get(work.exercise)
        return problem_apart(
            lambda: problem_in(work.file, display_path, exercise, cells, others), display_path, ONE_FILE
        )

    def _mutants(self, exercise: str) -> tuple[Mutant, ...]:
        if exercise not in self.mutants:
            self.mutants[exercise] = load_mutants(self.layout, exercise)
        return self.mutants[exercise]

    def close(self) -> None:
        self.folder.close()


@dataclass(frozen=True)
class Prepared:
    """A work item laid out in a folder: with the job to run, or with the result that needs no run."""

    work: Work
    folder: tempfile.TemporaryDirectory[str]
    job: Job | None
    result: ExerciseResult | None

    def close(self) -> None:
        self.folder.cleanup()


def write_plainly(path: Path, data: bytes) -> None:
    """Write a file of a throwaway folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def missing_result(exercise: Exercise, seed: int, reason: str) -> ExerciseResult:
    """The result of an exercise that was not handed in."""
    return ExerciseResult(
        exercise.name, Verdict.FAILED, problem=Failure(reason), points_possible=exercise.points, seed=seed
    )
