"""The laws that need no run: what is derived is as derived, prerequisites point backward, nothing is an orphan."""

from __future__ import annotations

import ast
import tempfile
from collections.abc import Iterator
from pathlib import Path

from grader.author.architecture import architecture_file, derived_architecture, is_own_repository
from grader.author.leaks import secrets_in
from grader.author.names import undefined_names
from grader.author.promise_laws import broken_promises
from grader.author.public_tree import write_public_tree
from grader.author.stand_ins import write_stand_ins
from grader.course.concepts import answers_file, derive_answers
from grader.course.curriculum import Curriculum, Exercise, graded
from grader.course.files import write_atomically
from grader.course.imports import imported
from grader.course.layout import Layout
from grader.course.mistakes import load_equivalents, load_mutants
from grader.course.mutation import changes
from grader.course.predictions import FEWEST, MOST, read_questions
from grader.course.program import read_program
from grader.course.stubs import handed_out_stub
from grader.errors import GraderError


def sync(layout: Layout, curriculum: Curriculum) -> list[Path]:
    """Write anew whatever is derived. Returns the files that changed."""
    changed = []
    for path, text in _derived(layout, curriculum):
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            write_atomically(path, text)
            changed.append(path)
    return changed


def _derived(layout: Layout, curriculum: Curriculum) -> Iterator[tuple[Path, str]]:
    """The stub of every solution, the marks of every `concepts`, and the list of the grader's modules."""
    for exercise in curriculum.exercises:
        yield layout.exercise_file(exercise.name, exercise.suffix), handed_out_stub(layout, exercise)
        if exercise.short == "concepts":
            yield answers_file(layout.suite_file(exercise.name)), derived_answers(layout, exercise)
    if is_own_repository(layout):
        yield architecture_file(layout), derived_architecture(layout)


def derived_answers(layout: Layout, exercise: Exercise) -> str:
    """What marks the questions of a `concepts` exercise."""
    path = layout.solution_file(exercise.name)
    return derive_answers(exercise.chapter, layout.display_path(path), path.read_text(encoding="utf-8"))


def violations(layout: Layout, curriculum: Curriculum, exercises: list[Exercise]) -> list[str]:
    """Every broken law, as a sentence that says what to do. Orphans are looked for among all exercises."""
    found = [text for exercise in exercises for text in _of_exercise(layout, curriculum, exercise)]
    return [
        *found,
        *_released(layout, curriculum, [item for item in graded(exercises) if _is_there(layout, item)]),
        *_orphans(layout, curriculum),
        *_architecture(layout),
    ]


def _of_exercise(layout: Layout, curriculum: Curriculum, exercise: Exercise) -> Iterator[str]:
    solution = layout.solution_file(exercise.name, exercise.suffix)
    if not solution.exists():
        yield f"{exercise.name}: {layout.display_path(solution)} is missing; write the solution there"
        return
    if not exercise.hints:
        yield f"{exercise.name}: it has no hints; add `hints` to its table in chapter.toml"
    yield from _stub(layout, exercise)
    if exercise.manually_graded:
        return
    yield from _prerequisites(layout, curriculum, exercise)
    suite = layout.suite_file(exercise.name)
    if not suite.exists():
        yield f"{exercise.name}: {layout.display_path(suite)} is missing; write the suite there"
        return
    yield from _suite(layout.display_path(suite), suite.read_text(encoding="utf-8"))
    if exercise.short == "concepts":
        yield from _answers(layout, exercise)
    yield from _mistakes(layout, exercise)
    if exercise.short != "concepts":
        yield from broken_promises(layout, exercise)
        yield from _predictions(layout, exercise)
    yield from _equivalents(layout, exercise)


def _stub(layout: Layout, exercise: Exercise) -> Iterator[str]:
    path = layout.exercise_file(exercise.name, exercise.suffix)
    display_path = layout.display_path(path)
    if not path.exists():
        yield f"{exercise.name}: {display_path} is missing; `grader dev sync` writes it"
    elif path.read_text(encoding="utf-8") != handed_out_stub(layout, exercise):
        yield f"{exercise.name}: {display_path} is not what its solution gives; `grader dev sync` writes it anew"


def _prerequisites(layout: Layout, curriculum: Curriculum, exercise: Exercise) -> Iterator[str]:
    """A submission is laid out with what its exercise needs, and with nothing else of the course."""
    known = {item.name for item in curriculum.exercises}
    there = {exercise.name, *(item.name for item in curriculum.prerequisites_of(exercise))}
    source = layout.solution_file(exercise.name).read_bytes()
    for name in sorted({*imported(source, exercise.chapter)} & known - there):
        yield f"{exercise.name}: its solution imports {name}, which is not among its `prerequisites` in chapter.toml"


def _answers(layout: Layout, exercise: Exercise) -> Iterator[str]:
    path = answers_file(layout.suite_file(exercise.name))
    try:
        expected = derived_answers(layout, exercise)
    except GraderError as error:
        yield f"{exercise.name}: {error.message}"
        return
    if not path.exists() or path.read_text(encoding="utf-8") != expected:
        name = layout.display_path(path)
        yield f"{exercise.name}: {name} is not what the solution gives; `grader dev sync` writes it anew"


def _suite(display_path: str, source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Assert):
            yield f"{display_path}:{node.lineno}: a bare assert says nothing to a learner; use `expect`"
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_") and not ast.get_docstring(node):
            yield f"{display_path}:{node.lineno}: {node.name} has no docstring; it is the line that the learner sees"


def _predictions(layout: Layout, exercise: Exercise) -> Iterator[str]:
    """There are questions to answer before coding, in the form that `grader predict` reads."""
    try:
        questions = read_questions(layout, exercise.name)
    except GraderError as error:
        yield f"{exercise.name}: {error.message}"
        return
    if not questions:
        path = layout.display_path(layout.predictions_file(exercise.name))
        yield f"{exercise.name}: {path} is missing; write {FEWEST} to {MOST} questions on values and shapes there"


def _is_there(layout: Layout, exercise: Exercise) -> bool:
    return layout.solution_file(exercise.name).exists() and layout.suite_file(exercise.name).exists()


def _released(layout: Layout, curriculum: Curriculum, exercises: list[Exercise]) -> Iterator[str]:
    """What `grader release` makes of the suites gives no secret away."""
    with tempfile.TemporaryDirectory(prefix="grader-kit-") as folder:
        kit = Layout(Path(folder))
        write_public_tree(layout, kit, exercises)
        write_stand_ins(layout, kit, curriculum, exercises)
        yield from (f"a learner's kit would give this away: {secret}" for secret in secrets_in(layout, kit, exercises))


def _mistakes(layout: Layout, exercise: Exercise) -> Iterator[str]:
    """There are enough of them, and each is what it says: one that uses a name that is not there is a NameError."""
    try:
        mutants = load_mutants(layout, exercise.name)
    except GraderError as error:
        yield f"{exercise.name}: {error.message}"
        return
    least = 0 if exercise.short == "concepts" else 8 if exercise.chapter[:3] not in ("ch1", "ch2") else 6
    display_path = layout.display_path(layout.mistakes_file(exercise.name))
    if len(mutants) < least:
        yield f"{exercise.name}: {len(mutants)} known mistakes; at least {least} are wanted in {display_path}"
    own = undefined_names(layout.solution_file(exercise.name).read_text(encoding="utf-8"))
    for mutant in mutants:
        for name in sorted(undefined_names(mutant.source) - own):
            told = f"the mistake {mutant.mistake.name} uses `{name}`, which nobody defines"
            yield f"{exercise.name}: {told}: it ends in a NameError, whatever it is to show"


def _equivalents(layout: Layout, exercise: Exercise) -> Iterator[str]:
    """What is listed as changing nothing is a change that `grader dev mutate` makes, and has a reason."""
    try:
        equivalents = load_equivalents(layout, exercise.name)
    except GraderError as error:
        yield f"{exercise.name}: {error.message}"
        return
    if not equivalents:
        return
    made = changes(read_program(layout.solution_file(exercise.name).read_text(encoding="utf-8")))
    for source, edit in equivalents.items():
        if source not in made:
            yield f"{exercise.name}: no mutant is made by the [[equivalent]] that replaces {edit.find!r}; remove it"


def _architecture(layout: Layout) -> Iterator[str]:
    path = architecture_file(layout)
    if is_own_repository(layout) and path.read_text(encoding="utf-8") != derived_architecture(layout):
        display_path = layout.display_path(path)
        yield f"{display_path} is not what the modules' docstrings give; `grader dev sync` writes it anew"


def _orphans(layout: Layout, curriculum: Curriculum) -> Iterator[str]:
    names = {exercise.name for exercise in curriculum.exercises}
    for tree in (layout.exercises, layout.solutions):
        for path in sorted(tree.rglob("*")):
            name = path.relative_to(tree).with_suffix("").as_posix()
            if path.suffix in (".py", ".md") and "__pycache__" not in path.parts and name not in names:
                yield f"{layout.display_path(path)}: it belongs to no exercise in any chapter.toml"
    for path in sorted(layout.graded.glob("ch*/test_*.py")):
        if f"{path.parent.name}/{path.stem.removeprefix('test_')}" not in names:
            yield f"{layout.display_path(path)}: it belongs to no exercise in any chapter.toml"
    for path in sorted(layout.graded.glob("ch*/*.answers.json")):
        if f"{path.parent.name}/{path.name.removesuffix('.answers.json')}" not in names:
            yield f"{layout.display_path(path)}: it belongs to no exercise in any chapter.toml"
    for kind in ("mistakes", "promises", "predict"):
        for path in sorted((layout.graded / kind).rglob("*.toml")):
            if path.relative_to(layout.graded / kind).with_suffix("").as_posix() not in names:
                yield f"{layout.display_path(path)}: it belongs to no exercise in any chapter.toml"
