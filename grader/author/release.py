"""`grader release`: the learner's kit, with no solution, no hidden test and no mistake in it."""

from __future__ import annotations

import re
import secrets
import shutil
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from grader.author.architecture import PACKAGE, architecture_file, with_modules
from grader.author.kit_modules import kit_modules
from grader.author.public_suite import public_part
from grader.course.curriculum import Curriculum, Exercise
from grader.course.files import write_atomically
from grader.course.layout import Layout
from grader.course.stubs import derive_stub, handed_out_stub
from grader.errors import GraderError, UsageError
from grader.judge.client import Judge
from grader.judge.job_builder import build_job, source_in
from grader.judge.libraries import libraries_for
from grader.protocol.jobs import Job, RecordMode
from grader.protocol.results import Recorded, SuiteFinished, Verdict

TAKES = 3
RECORDED_SEED_BITS = 40
COPIED_FILES = ("Makefile", "README.md", "constraints.txt", "pyproject.toml", "docs/json.md", "docs/architecture.md")
NOT_FOR_LEARNERS = re.compile(
    r"^[^\n]*\bbegin: not in the learner's kit\b.*?^(?:# end|<!-- end -->)\n", re.MULTILINE | re.DOTALL
)
MIN_TELLING_LINE = 24
LINES_IN_A_ROW = 3
TEXTS = (".py", ".toml", ".json", ".md")

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
    for path in [*layout.shared_checks, *layout.graded.glob(layout.bans_file.name)]:
        _copy(path, kit.graded / path.name)
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
    public = public_part(layout.suite_file(exercise.name).read_text(encoding="utf-8"))
    write_atomically(kit.suite_file(exercise.name), public)
    return len(re.findall(r"^def test_", public, re.MULTILINE))


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


# -- the proof that nothing secret is in it ------------------------------------------------------------


def secrets_in(layout: Layout, kit: Layout, curriculum: Curriculum) -> Iterator[str]:
    """What a kit gives away of a solution, a hidden test or a mistake.

    In the exercise's own stub and suite a single line of it is too much. Elsewhere it takes `LINES_IN_A_ROW`:
    a loop over batches begins alike in many places.
    """
    free = _lines(kit.root / "grader")
    files = [p for tree in (kit.exercises, kit.graded) for p in sorted(tree.rglob("*")) if p.suffix in TEXTS]
    texts = {path: _telling(path.read_text(encoding="utf-8", errors="replace")) for path in files}
    runs: dict[tuple[str, ...], Path] = {run: path for path, lines in texts.items() for run in _runs(lines)}
    for exercise in curriculum.graded:
        own = {kit.exercise_file(exercise.name), kit.suite_file(exercise.name)}
        for whose, secret in _secrets_of(layout, exercise):
            lines = [line for line in secret if line not in free]
            for path in own & set(texts):
                yield from (f"{kit.display_path(path)}: {line}   ({whose})" for line in lines if line in texts[path])
            for run in _runs(lines):
                if run in runs and runs[run] not in own:
                    yield f"{kit.display_path(runs[run])}: {' / '.join(run)}   ({whose})"
    for name in ("solutions", "tests/kit", "tests/graded/mistakes"):
        if (kit.root / name).exists():
            yield f"{name}: it does not belong into a kit"


def _secrets_of(layout: Layout, exercise: Exercise) -> Iterator[tuple[str, list[str]]]:
    """The lines of a solution that are not in its stub, and those of the suite that are not in its public part."""
    solution = layout.solution_file(exercise.name).read_text(encoding="utf-8")
    suite = layout.suite_file(exercise.name).read_text(encoding="utf-8")
    for whose, text, known in (
        (f"a line of solutions/{exercise.name}.py", solution, derive_stub(solution)),
        (f"a line of a hidden test of {exercise.name}", suite, public_part(suite)),
    ):
        told = set(_telling(known))
        yield whose, [line for line in _telling(text) if line not in told]


def _runs(lines: list[str]) -> Iterator[tuple[str, ...]]:
    return zip(*(lines[start:] for start in range(LINES_IN_A_ROW)), strict=False)


def _lines(tree: Path) -> set[str]:
    return {line for path in tree.rglob("*.py") for line in _telling(path.read_text(encoding="utf-8"))}


def _telling(text: str) -> list[str]:
    """Lines long enough to tell something, without their margins, and without imports and comments."""
    skipped = ("#", "import ", "from ", "def ", "class ", "@", '"""')
    lines = (line.strip() for line in text.splitlines())
    return [line for line in lines if len(line) >= MIN_TELLING_LINE and not line.startswith(skipped)]
