"""From an exercise to its job: the only place where jobs are made."""

from __future__ import annotations

import secrets
from pathlib import Path

from grader.course.curriculum import Exercise
from grader.course.layout import Layout, file_in
from grader.course.mistakes import load_mutants
from grader.course.mutants import Mutant
from grader.protocol.jobs import Job, JudgeMode, LearnerSource, Limits, Mode, RecordedReference, Reference, Solution

SEED_BITS = 48


def build_job(
    layout: Layout,
    exercise: Exercise,
    *,
    learner: LearnerSource | None = None,
    seed: int | None = None,
    mode: Mode | None = None,
    mutants: tuple[Mutant, ...] | None = None,
    suite: Path | None = None,
    memo: str | None = None,
) -> Job:
    """The job for one exercise: of the learner's file in `exercises` under a fresh seed, unless told otherwise.

    Mutants are those of the mistakes file; they are left out where nothing is diagnosed.
    """
    mode = mode if mode is not None else JudgeMode()
    reference = reference_of(layout, exercise)
    if mutants is None:
        needed = not isinstance(mode, JudgeMode) or mode.diagnose
        mutants = load_mutants(layout, exercise.name) if needed else ()
    return Job(
        exercise=exercise.name,
        suite=str(suite or layout.suite_file(exercise.name)),
        data=str(layout.data),
        learner=learner or source_in(layout, exercise, layout.exercises),
        reference=reference,
        mutants=mutants,
        seed=possible_seed(reference, seed),
        points=exercise.points,
        limits=Limits(exercise.time_limit, exercise.memory_limit, exercise.total_time_limit),
        mode=mode,
        memo=memo,
    )


def source_in(layout: Layout, exercise: Exercise, root: Path, file: Path | None = None) -> LearnerSource:
    """The exercise's file in a tree of chapters; with `file`, another file beside the tree's other parts."""
    path = file or file_in(root, exercise.name)
    return LearnerSource(str(path.absolute()), str(root.absolute()), layout.display_path(path))


def reference_of(layout: Layout, exercise: Exercise) -> Reference | None:
    """The solution where there is one, else what was recorded of it."""
    solution, recording = layout.solution_file(exercise.name), layout.recording_file(exercise.name)
    if solution.exists():
        return Solution(str(solution), str(layout.solutions))
    if recording.exists():
        return RecordedReference(str(recording), str(layout.pristine_file(exercise.name)))
    return None


def possible_seed(reference: Reference | None, seed: int | None) -> int:
    """The seed that was asked for, or a fresh one; where answers are recorded, one of those that they belong to."""
    if isinstance(reference, RecordedReference):
        seeds = recorded_seeds(Path(reference.recording))
        return seed if seed is not None and seed in seeds else secrets.choice(seeds)
    return secrets.randbits(SEED_BITS) if seed is None else seed


def recorded_seeds(recording: Path) -> list[int]:
    """The seeds under which a kit without solutions can judge, as the recording's index lists them."""
    return [int(line) for line in recording.with_suffix(".seeds").read_text().split()]
