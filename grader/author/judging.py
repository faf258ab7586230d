"""The judge for many files: each as one is judged, on the solutions' earlier parts, under one seed or under several."""

from __future__ import annotations

import functools
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from grader.author.answers import Answer, ReadAnswer, read_answer
from grader.course.curriculum import Curriculum, Exercise
from grader.course.layout import Layout
from grader.course.mistakes import load_mutants
from grader.course.temporary import TemporaryFolder
from grader.judge.client import Judge
from grader.judge.job_builder import build_job
from grader.judge.libraries import libraries_for
from grader.judge.pace import Pace
from grader.judge.unreadable import unreadable_result
from grader.protocol.jobs import Job
from grader.protocol.results import ExerciseResult, Failure, Verdict

# Runs done, of how many, of which file the last one was, and the seconds that the rest will take, once known.
Report = Callable[[int, int, str, float | None], None]


class Judged(msgspec.Struct, frozen=True):
    """What became of one file: a result for each seed, in their order. What cannot be run has one alone."""

    file: str
    runs: tuple[ExerciseResult, ...]

    @property
    def is_stable(self) -> bool:
        """Whether the verdict and the points are the same under every seed."""
        return len({(run.verdict, run.points) for run in self.runs}) == 1

    @property
    def shown(self) -> ExerciseResult:
        """The first run, or the first of those that earned least where they are not alike."""
        return min(self.runs, key=lambda run: run.points)


class Task(msgspec.Struct, frozen=True):
    """One answer, by its number, under one seed. `notes` say how its file was read."""

    answer: int
    file: str
    notes: tuple[str, ...]
    job: Job


def judge_answers(
    layout: Layout, curriculum: Curriculum, answers: list[Answer], seeds: list[int], parallel: int, report: Report
) -> Iterator[Judged]:
    """Judge every file under every seed. Each is yielded once all that was to be run of it is done."""
    with TemporaryFolder() as folder:
        desk = Desk(layout, seeds, folder)
        tasks: list[Task] = []
        for number, answer in enumerate(answers):
            laid_out = desk.lay_out(number, answer)
            if isinstance(laid_out, ExerciseResult):
                yield Judged(answer.name, (laid_out,))
            else:
                tasks += laid_out
        if tasks:
            exercises = [curriculum.get(name) for name in sorted({task.job.exercise for task in tasks})]
            with Judge(libraries_for(layout, curriculum, exercises), parallel=parallel) as judge:
                yield from _run(judge, tasks, report)


class Desk:
    """Lays out the answers of one command. What a notebook holds, and what mutants did, is kept in the folder."""

    def __init__(self, layout: Layout, seeds: list[int], folder: Path) -> None:
        self.layout = layout
        self.seeds = seeds
        self.folder = folder
        self.mutants = functools.cache(functools.partial(load_mutants, layout))

    def lay_out(self, number: int, answer: Answer) -> list[Task] | ExerciseResult:
        """The answer's runs, one for each seed, or the result of one that cannot be run."""
        exercise, first = answer.exercise, self.seeds[0]
        if exercise is None:
            return ExerciseResult("", Verdict.ERROR, problem=Failure(answer.problem), seed=first)
        read = read_answer(self.layout, exercise, answer, self.folder / str(number))
        if read.problem is not None:
            result = unreadable_result(exercise, read.problem, answer.name, read.cells, first)
            return msgspec.structs.replace(result, notes=read.notes)
        return [Task(number, answer.name, read.notes, self._job(exercise, read, seed)) for seed in self.seeds]

    def _job(self, exercise: Exercise, read: ReadAnswer, seed: int) -> Job:
        return build_job(
            self.layout,
            exercise,
            learner=read.learner,
            seed=seed,
            mutants=self.mutants(exercise.name),
            memo=str(self.folder / "memo"),
        )


def _run(judge: Judge, tasks: list[Task], report: Report) -> Iterator[Judged]:
    """Have the tasks done in their order, one file's after the other, and bring together what belongs to one file."""
    started, pace = time.monotonic(), Pace()
    left = Counter(task.answer for task in tasks)
    left_of = Counter(task.job.exercise for task in tasks)
    found: defaultdict[int, list[ExerciseResult]] = defaultdict(list)
    by_ticket = {judge.submit(task.job): task for task in tasks}
    for done, (ticket, result) in enumerate(judge.as_completed(), 1):
        task = by_ticket[ticket]
        notes = dict.fromkeys([*result.notes, *task.notes])
        found[task.answer].append(msgspec.structs.replace(result, notes=tuple(notes)))
        left[task.answer] -= 1
        left_of[task.job.exercise] -= 1
        pace.add(task.job.exercise, result.seconds)
        report(done, len(tasks), task.file, pace.left(+left_of, time.monotonic() - started))
        if not left[task.answer]:
            yield Judged(task.file, tuple(sorted(found.pop(task.answer), key=lambda run: run.seed)))
