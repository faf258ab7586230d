"""`grader release`: the learner's kit, with no solution, no hidden test and no mistake in it."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from grader.author.architecture import PACKAGE, architecture_file, with_modules
from grader.author.kit_modules import files_beside, kit_modules
from grader.author.leaks import secrets_in
from grader.author.public_tree import write_public_tree
from grader.author.recordings import RecordedKit, Report, record_all
from grader.author.stand_ins import write_stand_ins
from grader.course.constraints import pinned
from grader.course.curriculum import Curriculum, Exercise
from grader.course.files import files_below, write_atomically
from grader.course.layout import Layout
from grader.course.locks import lock
from grader.course.released import write_about
from grader.course.suite_text import tests_of
from grader.errors import GraderError, UsageError

COPIED_FILES = (
    "Makefile", "README.md", "constraints.txt", "pyproject.toml",
    "docs/json.md", "docs/notebooks.md", "docs/progress.md", "docs/pytest.md", "docs/play.md", "docs/architecture.md",
)  # fmt: skip
OWN_TESTS, LEARNERS_TESTS = 'testpaths = ["tests/kit"]', 'testpaths = ["tests/graded"]'  # what `pytest` alone runs
NOT_KEPT_IN_GIT = (
    ".venv/", "__pycache__/", ".grader/", "*.egg-info/", "/losses.png", "/my-gpt/", "/my-translator/", "/pictures/",
    "/report.html",
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
      - run: python -m venv .venv  # the environment that `make check` uses, with torch for the processor alone
      - run: .venv/bin/python -m pip install TORCH --index-url https://download.pytorch.org/whl/cpu
      - run: make check
      - run: .venv/bin/grader check --all --json > results.json || test $? -eq 1
      - uses: actions/upload-artifact@v4
        with:
          name: results
          path: results.json
"""


# What the reference's pictures of an exercise show, as a kit keeps it; nothing where it has none.
Pictures = Callable[[Layout, Exercise], bytes]


@dataclass(frozen=True)
class Released:
    """What went into a kit."""

    folder: Path
    exercises: int
    tests: int
    recorded: RecordedKit


def release(
    layout: Layout,
    curriculum: Curriculum,
    out: Path,
    parallel: int,
    report: Report,
    pictures: Pictures,
    stand_ins: bool = True,
) -> Released:
    """Write the kit, and prove that nothing secret is in it. It is there as a whole, or not at all.

    Without `stand_ins` a learner can skip no exercise that another one rests on.
    """
    out = out.resolve()
    if out.exists() and not (out.is_dir() and not any(out.iterdir())):
        raise UsageError(f"{out} is not empty", "give a folder that does not exist yet")
    with _staged(out) as staging:
        kit = Layout(staging)
        _copy_common(layout, kit)
        write_public_tree(layout, kit, curriculum.exercises)
        if stand_ins:
            write_stand_ins(layout, kit, curriculum, curriculum.graded)
        if layout.bans_file.exists():
            _copy(layout.bans_file, kit.bans_file)
        for chapter in curriculum.chapters:
            _copy(layout.chapter_file(chapter.name), kit.chapter_file(chapter.name))
        for exercise in curriculum.graded:
            if drawn := pictures(layout, exercise):
                write_atomically(kit.picture_file(exercise.name), drawn)
        write_about(kit.root)
        recorded = record_all(layout, kit, curriculum, parallel, report)
        leaks = list(secrets_in(layout, kit, curriculum.graded))
        tests = sum(_number_of_tests(kit.suite_file(exercise.name)) for exercise in curriculum.graded)
        if leaks:
            raise GraderError("the kit would give away what it must not:\n  " + "\n  ".join(leaks[:20]))
    return Released(out, len(curriculum.exercises), tests, recorded)


@contextmanager
def _staged(out: Path) -> Iterator[Path]:
    """A folder beside `out` that takes its place at the end. What a killed run left of one is removed."""
    staging, held = out.with_name(f".{out.name}.partial"), out.with_name(f".{out.name}.lock")
    with lock(held, wait=False) as alone:
        if not alone:
            raise UsageError(f"another `grader release` is at work on {out}", "wait until it has ended")
        shutil.rmtree(staging, ignore_errors=True)
        staging.mkdir()
        try:
            yield staging
            staging.replace(out)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
            held.unlink(missing_ok=True)


def _copy_common(layout: Layout, kit: Layout) -> None:
    for name in COPIED_FILES:
        if (layout.root / name).exists():
            text = (layout.root / name).read_text(encoding="utf-8")
            text = NOT_FOR_LEARNERS.sub("", text).replace(OWN_TESTS, LEARNERS_TESTS)
            write_atomically(kit.root / name, text.rstrip("\n") + "\n")
    modules = kit_modules(PACKAGE)
    for path in (*modules, *files_beside(modules)):
        _copy(path, kit.root / "grader" / path.relative_to(PACKAGE))
    page = architecture_file(kit)
    if page.exists():
        write_atomically(page, with_modules(page.read_text(encoding="utf-8"), PACKAGE, modules))
    for tree, target in ((layout.data, kit.data), (layout.course_pages, kit.course_pages)):
        for path in files_below(tree):
            _copy(path, target / path.relative_to(tree))
    write_atomically(kit.root / ".github" / "workflows" / "check.yml", _workflow(layout))
    write_atomically(kit.root / ".gitignore", "".join(f"{name}\n" for name in NOT_KEPT_IN_GIT))


def _workflow(layout: Layout) -> str:
    return WORKFLOW.replace("TORCH", pinned(layout, "torch"))


def _copy(source: Path, target: Path) -> None:
    write_atomically(target, source.read_bytes())


def _number_of_tests(suite: Path) -> int:
    return len(tests_of(suite.read_text(encoding="utf-8")))
