"""The stubs and the public tests as a learner gets them: what `grader release` hands out, and what the proof runs."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from grader.author.public_suite import public_part, public_shares
from grader.course.concepts import answers_file
from grader.course.curriculum import Exercise
from grader.course.files import write_atomically
from grader.course.layout import Layout
from grader.course.stubs import handed_out_stub
from grader.errors import GraderError


def write_public_tree(layout: Layout, kit: Layout, exercises: Iterable[Exercise]) -> None:
    """Stubs, pristine stubs, public suites and predictions, with what the suites share and what marks questions."""
    suites = []
    for exercise in exercises:
        stub = handed_out_stub(layout, exercise)
        write_atomically(kit.exercise_file(exercise.name, exercise.suffix), stub)
        write_atomically(kit.pristine_file(exercise.name, exercise.suffix), stub)
        if not exercise.manually_graded:
            suites.append(_write_suite(layout, kit, exercise))
            _copy_if_there(layout.predictions_file(exercise.name), kit.predictions_file(exercise.name))
    shared = {path.stem: path.read_text(encoding="utf-8") for path in layout.shared_checks}
    for name, text in public_shares(suites, shared).items():
        write_atomically(kit.graded / f"{name}.py", text)


def _write_suite(layout: Layout, kit: Layout, exercise: Exercise) -> str:
    suite, target = layout.suite_file(exercise.name), kit.suite_file(exercise.name)
    try:
        public = public_part(suite.read_text(encoding="utf-8"), [path.stem for path in layout.shared_checks])
    except SyntaxError as error:
        line = (error.text or "").strip()
        text = f"the hidden tests of {layout.display_path(suite)} cannot be cut out: what is left is no Python: {line}"
        raise GraderError(text, "mark each hidden test, or each parameter, by itself") from None
    write_atomically(target, public)
    _copy_if_there(answers_file(suite), answers_file(target))
    return public


def _copy_if_there(source: Path, target: Path) -> None:
    if source.exists():
        write_atomically(target, source.read_bytes())
