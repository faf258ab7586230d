"""`grader release`: the learner's kit, with no solution, no hidden test and no mistake in it."""

from __future__ import annotations

import re
import secrets
import shutil
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from grader.author.architecture import PACKAGE, architecture_file, with_modules
from grader.author.kit_modules import kit_modules
from grader.author.leaks import secrets_in
from grader.author.public_suite import public_part, public_shares
from grader.course.curriculum import Curriculum, Exercise
from grader.course.files import write_atomically
from grader.course.layout import Layout
from grader.course.stubs import handed_out_stub
from grader.errors import GraderError, UsageError
from grader.judge.client import Judge
from grader.judge.job_builder import build_job, source_in
from grader.judge.libraries import libraries_for
from grader.protocol.jobs import Job, RecordMode
from grader.protocol.results import Recorded, SuiteFinished, Verdict

TAKES = 3
RECORDED_SEED_BITS = 40
COPIED_FILES = (
    "Makefile", "README.md", "constraints.txt", "pyproject.toml",
    "docs/json.md", "docs/notebooks.md", "docs/architecture.md",
)  # fmt: skip
NOT_FOR_LEARNERS = re.compile(
    r"^[^\n]*\bbegin: not in the learner's kit\b.*?^(?:# end|<!-- end -->)\n", re.MULTILINE | re.DOTALL
)

WORKFLOW = """name: check
on: [push]
permissions:
  contents: read
jobs:
  check:
    runs-on: ubuntu-latest
    timeout-minutes: 30
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-python@v5
        with:
          python-version: "3.11"
      - run: python -m pip install torch==2.13.0 --index-url https://download.pytorch.org/whl/cpu
      - run: make check
      - run: .venv/bin/grader check --all --json > results.json || test $? -eq 1
      - uses: actions/upload-artifact@v4
        with:
          name: results
          path: results.json
"""


@dataclass(frozen=True)
class Released:
    """What went into a kit."""

    folder: Path
    exercises: int
    tests: int
    bytes_recorded: int


def release(
    layout: Layout, curriculum: Curriculum, out: Path, parallel: int, report: Callable[[int, int, str], None]
) -> Released:
    """Write the kit into an empty folder, and prove that nothing secret is in it."""
    if out.exists() and any(out.iterdir()):
        raise UsageError(f"{out} is not empty", "give a folder that does not exist yet")
    kit = Layout(out.resolve())
    _copy_common(layout, kit)
    tests = sum(_copy_exercise(layout, kit, exercise) for exercise in curriculum.exercises)
    _copy_shared_checks(layout, kit, curriculum)
    if layout.bans_file.exists():
        _copy(layout.bans_file, kit.bans_file)
    for chapter in curriculum.chapters:
        _copy(layout.chapter_file(chapter.name), kit.chapter_file(chapter.name))
        for answers in layout.chapter_file(chapter.name).parent.glob("*.answers.json"):
            _copy(answers, kit.graded / chapter.name / answers.name)
    size = _record(layout, kit, curriculum, parallel, report)
    leaks = list(secrets_in(layout, kit, curriculum))
    if leaks:
        shutil.rmtree(out)
        raise GraderError("the kit would give away what it must not:\n  " + "\n  ".join(leaks[:20]))
    return Released(kit.root, len(curriculum.exercises), tests, size)


def _copy_common(layout: Layout, kit: Layout) -> None:
    for name in COPIED_FILES:
        if (layout.root / name).exists():
            text = (layout.root / name).read_text(encoding="utf-8")
            write_atomically(kit.root / name, NOT_FOR_LEARNERS.sub("", text).rstrip("\n") + "\n")
    modules = kit_modules(PACKAGE)
    for path in modules:
        _copy(path, kit.root / "grader" / path.relative_to(PACKAGE))
    page = architecture_file(kit)
    if page.exists():
        write_atomically(page, with_modules(page.read_text(encoding="utf-8"), PACKAGE, modules))
    for path in sorted(p for p in layout.data.rglob("*") if p.is_file() and "__pycache__" not in p.parts):
        _copy(path, kit.data / path.relative_to(layout.data))
    write_atomically(kit.root / ".github" / "workflows" / "check.yml", WORKFLOW)
    write_atomically(kit.root / ".gitignore", ".venv/\n__pycache__/\n.grader/\n*.egg-info/\n")


def _copy(source: Path, target: Path) -> None:
    write_atomically(target, source.read_bytes())


def _copy_exercise(layout: Layout, kit: Layout, exercise: Exercise) -> int:
    """Stub, pristine stub and public tests. Returns the number of test functions."""
    stub = handed_out_stub(layout, exercise)
    write_atomically(kit.exercise_file(exercise.name, exercise.suffix), stub)
    write_atomically(kit.pristine_file(exercise.name, exercise.suffix), stub)
    if exercise.manually_graded:
        return 0
    shared = [path.stem for path in layout.shared_checks]
    public = public_part(layout.suite_file(exercise.name).read_text(encoding="utf-8"), shared)
    write_atomically(kit.suite_file(exercise.name), public)
    return len(re.findall(r"^def test_", public, re.MULTILINE))


def _copy_shared_checks(layout: Layout, kit: Layout, curriculum: Curriculum) -> None:
    """What suites share, as far as public tests use it: a helper of hidden tests alone is hidden, too."""
    suites = [kit.suite_file(exercise.name).read_text(encoding="utf-8") for exercise in curriculum.graded]
    shared = {path.stem: path.read_text(encoding="utf-8") for path in layout.shared_checks}
    for name, text in public_shares(suites, shared).items():
        write_atomically(kit.graded / f"{name}.py", text)


# -- recordings ---------------------------------------------------------------------------------------


def _record(
    layout: Layout, kit: Layout, curriculum: Curriculum, parallel: int, report: Callable[[int, int, str], None]
) -> int:
    graded = curriculum.graded
    takes: dict[str, list[bytes]] = {exercise.name: [] for exercise in graded}
    seeds: dict[str, list[int]] = {exercise.name: [] for exercise in graded}
    done, total = 0, TAKES * len(graded)
    with Judge(libraries_for(layout, curriculum, graded), parallel=parallel) as judge:
        jobs = {judge.submit(job): job for exercise in graded for job in _recording_jobs(layout, kit, exercise)}
        for ticket, event in judge.events():
            job = jobs[ticket]
            if isinstance(event, Recorded):
                takes[job.exercise].append(event.take)
                seeds[job.exercise].append(job.seed)
                done += 1
                report(done, total, job.exercise)
            elif isinstance(event, SuiteFinished) and event.result.verdict is not Verdict.TODO:
                problem = event.result.problem.message if event.result.problem else "no test ran"
                raise GraderError(f"{job.exercise} could not be recorded: {problem}")
    size = 0
    for exercise in graded:
        data = joined(exercise.name, takes[exercise.name])
        size += len(data)
        path = kit.recording_file(exercise.name)
        write_atomically(path, data)
        write_atomically(path.with_suffix(".seeds"), "\n".join(map(str, seeds[exercise.name])) + "\n")
    return size


def _recording_jobs(layout: Layout, kit: Layout, exercise: Exercise) -> list[Job]:
    """The kit's public tests, each time under another seed."""
    learner, suite = source_in(layout, exercise, layout.solutions), kit.suite_file(exercise.name)
    return [
        build_job(
            layout, exercise, learner=learner, seed=secrets.randbits(RECORDED_SEED_BITS), mode=RecordMode(), suite=suite
        )
        for _ in range(TAKES)
    ]


def joined(exercise: str, takes: list[bytes]) -> bytes:
    """The file of an exercise's recording: msgpack, compressed, as `suite.recording` reads it."""
    document = {"exercise": exercise, "takes": [msgspec.Raw(take) for take in takes]}
    return zlib.compress(msgspec.msgpack.encode(document), 6)
