"""The proof that a learner's kit gives nothing away: no solution, no hidden test, no mistake."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator
from pathlib import Path

from grader.author.architecture import PACKAGE
from grader.author.plain_code import local_names
from grader.author.public_suite import public_part
from grader.course.curriculum import Exercise
from grader.course.layout import Layout
from grader.course.skipped_parts import stand_in_tree
from grader.course.stubs import derive_stub
from grader.course.tree_data import pack_tree

MIN_TELLING_LINE = 24
LINES_IN_A_ROW = 3
TEXTS = (".py", ".toml", ".json", ".md")


def secrets_in(layout: Layout, kit: Layout, exercises: Collection[Exercise]) -> Iterator[str]:
    """What a kit gives away of a solution, a hidden test or a mistake.

    In the exercise's own stub, suite and predictions a single line of it is too much. Elsewhere it takes
    `LINES_IN_A_ROW`: a loop over batches begins alike in many places. Lines of the grader itself are no secret.
    """
    free = _lines(PACKAGE)
    files = [p for tree in (kit.exercises, kit.graded) for p in sorted(tree.rglob("*")) if p.suffix in TEXTS]
    texts = {path: _telling(path.read_text(encoding="utf-8", errors="replace")) for path in files}
    runs: dict[tuple[str, ...], Path] = {run: path for path, lines in texts.items() for run in _runs(lines)}
    for exercise in exercises:
        if "mark.hidden" in kit.suite_file(exercise.name).read_text(encoding="utf-8"):
            name = kit.display_path(kit.suite_file(exercise.name))
            yield f"{name}: not all that is hidden can be cut out; write `pytest.mark.hidden` wherever it is meant"
        own = {
            kit.exercise_file(exercise.name),
            kit.suite_file(exercise.name),
            kit.predictions_file(exercise.name),
        }
        for whose, secret in _secrets_of(layout, exercise):
            lines = [line for line in secret if line not in free]
            for path in own & set(texts):
                yield from (f"{kit.display_path(path)}: {line}   ({whose})" for line in lines if line in texts[path])
            for run in _runs(lines):
                if run in runs and runs[run] not in own:
                    yield f"{kit.display_path(runs[run])}: {' / '.join(run)}   ({whose})"
        yield from _told_by_stand_in(layout, kit, exercise)
    for path in layout.shared_checks:
        given = kit.graded / path.name
        for run in _runs([line for line in _hidden_lines(path, given) if line not in free]):
            if run in runs:
                yield f"{kit.display_path(runs[run])}: {' / '.join(run)}   (what only hidden tests use of {path.name})"
    for name in ("solutions", "tests/kit", "tests/graded/mistakes"):
        if (kit.root / name).exists():
            yield f"{name}: it does not belong into a kit"


def _told_by_stand_in(layout: Layout, kit: Layout, exercise: Exercise) -> Iterator[str]:
    """What a reader finds of the solution in the file that stands in for it: as it lies there, and unpacked.

    No line of the text, no sentence of a docstring or a comment, and no name that is local.
    """
    path, solution = kit.stand_in_file(exercise.name), layout.solution_file(exercise.name)
    if not path.exists():
        return
    name, text = kit.display_path(path), solution.read_text(encoding="utf-8")
    data = path.read_bytes()
    unpacked = pack_tree(stand_in_tree(exercise.name, data))
    lines = [line.strip() for line in text.splitlines() if len(line.strip()) >= MIN_TELLING_LINE]
    yield from (f"{name}: {line}   (a line of the solution)" for line in lines if line.encode() in data + unpacked)
    words = {node.id for node in ast.walk(stand_in_tree(exercise.name, data)) if isinstance(node, ast.Name)}
    telling = words & local_names(text)
    yield from (f"{name}: {word}   (a local name of the solution)" for word in sorted(telling))


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


def _hidden_lines(path: Path, given: Path) -> list[str]:
    """The lines of a file that its part in the kit has not."""
    told = set(_telling(given.read_text(encoding="utf-8"))) if given.exists() else set()
    return [line for line in _telling(path.read_text(encoding="utf-8")) if line not in told]


def _runs(lines: list[str]) -> Iterator[tuple[str, ...]]:
    return zip(*(lines[start:] for start in range(LINES_IN_A_ROW)), strict=False)


def _lines(tree: Path) -> set[str]:
    return {line for path in tree.rglob("*.py") for line in _telling(path.read_text(encoding="utf-8"))}


def _telling(text: str) -> list[str]:
    """Lines long enough to tell something, without their margins, and without imports and comments."""
    skipped = ("#", "import ", "from ", "def ", "class ", "@", '"""')
    lines = (line.strip() for line in text.splitlines())
    return [line for line in lines if len(line) >= MIN_TELLING_LINE and not line.startswith(skipped)]
