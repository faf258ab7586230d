"""Work items: one file of one student, with the earlier parts that it is to be judged on."""

from __future__ import annotations

import functools
import hashlib
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from grader.checking import make_job
from grader.curriculum import Curriculum, Exercise
from grader.house import House
from grader.judge.jobs import Job, Twin
from grader.mistakes import load_twins
from grader.needs import rests_on
from grader.results import ExerciseResult, Verdict
from grader.score.collecting import Submission
from grader.source import first_problem
from grader.stubs import derive_stub


class Work(msgspec.Struct, frozen=True):
    """`file` is the student's, `needs` the earlier parts by exercise. Two equal digests are the same work."""

    exercise: str
    file: bytes
    needs: dict[str, bytes]
    seed: int
    tier: str
    digest: str
    carried: bool = False


def make_work(
    house: House,
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
    replaced = curriculum.needs_of(exercise) if carried else ()  # no more: another part could be the answer

    @functools.cache
    def read(item: Exercise) -> bytes:
        if item is exercise:
            return file
        if item in replaced:
            return house.solution_file(item.name).read_bytes()
        return submission.files.get(item.name) or _stub(house, item)

    needs = {need.name: read(need) for need in rests_on(curriculum, exercise, read)}
    digest = hashlib.sha256()
    for part in (
        exercise.name.encode(),
        repr(exercise).encode(),
        file,
        *(_content(path) for path in house.suite_files(exercise.name)),
        _content(house.solution_file(exercise.name)),
        _content(house.mistakes_file(exercise.name)),
        *(item for name in sorted(needs) for item in (name.encode(), needs[name])),
        str(seed).encode(),
        tier.encode(),
    ):
        digest.update(hashlib.sha256(part).digest())
    return Work(exercise.name, file, needs, seed, tier, digest.hexdigest(), carried)


def _stub(house: House, exercise: Exercise) -> bytes:
    """What stands in for a file that was not handed in: it is still to do."""
    return derive_stub(house.solution_file(exercise.name).read_text(encoding="utf-8")).encode()


def _content(path: Path) -> bytes:
    return path.read_bytes() if path.exists() else b""


class Workshop:
    """Lays out work items. What is the same for the whole class is read, or found out, once."""

    def __init__(self, house: House, curriculum: Curriculum) -> None:
        self.house = house
        self.curriculum = curriculum
        self.memo = tempfile.TemporaryDirectory(prefix="grader-memo-")
        self.twins: dict[str, tuple[Twin, ...]] = {}

    def prepare(self, work: Work) -> Prepared:
        """The item in a folder of its own, with a job, or with the result where there is nothing to run."""
        exercise = self.curriculum.get(work.exercise)
        folder = tempfile.TemporaryDirectory(prefix="grader-work-")
        root = Path(folder.name)
        path = root / (work.exercise + ".py")
        for name, data in {**work.needs, work.exercise: work.file}.items():
            write_plainly(root / (name + ".py"), data)
        shown = f"{work.exercise}.py"
        problem = first_problem(path, shown, exercise)
        if problem is not None:
            result = ExerciseResult(
                work.exercise,
                Verdict.FAILED,
                problem=problem,
                points_possible=exercise.points,
                seed=work.seed,
                tier=work.tier,
            )
            return Prepared(work, folder, None, result)
        job = msgspec.structs.replace(
            make_job(self.house, exercise, seed=work.seed, root=root, diagnose=False),
            diagnose=True,
            twins=self._twins(work.exercise),
            memo=self.memo.name,
            shown=shown,
            tier=work.tier,
            quiet=True,
        )
        return Prepared(work, folder, job, None)

    def _twins(self, exercise: str) -> tuple[Twin, ...]:
        if exercise not in self.twins:
            self.twins[exercise] = load_twins(self.house, exercise)
        return self.twins[exercise]

    def close(self) -> None:
        self.memo.cleanup()


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
    from grader.results import Failure

    return ExerciseResult(
        exercise.name, Verdict.FAILED, problem=Failure(reason), points_possible=exercise.points, seed=seed
    )


def scored(curriculum: Curriculum, only: Iterable[str]) -> list[Exercise]:
    """The exercises that a suite marks, of those asked for or of all."""
    names = [exercise for word in only for exercise in curriculum.find(word)]
    return [exercise for exercise in (names or curriculum.exercises) if not exercise.by_person]
