"""What a learner's file rests on: the parts that its exercise needs, and whatever else of the course it imports."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from grader.course.curriculum import Curriculum, Exercise

# Import statements, found without parsing: this is done before each check, and one that is only quoted does no harm.
REST_OF_STATEMENT = rb"[^\\\n;]*(?:\\(?:\r?\n)?[^\\\n;]*)*"  # of the statement, over lines that end in a backslash
FROM_STATEMENT = re.compile(
    rb"^[ \t]*from[ \t]+([.\w]+)[ \t]+import[ \t]*(\([^)]{0,1000}\)|" + REST_OF_STATEMENT + rb")", re.MULTILINE
)
IMPORT_STATEMENT = re.compile(rb"^[ \t]*import[ \t]+(" + REST_OF_STATEMENT + rb")", re.MULTILINE)
DOTTED_NAME = re.compile(rb"[\w.]+")
QUOTED_PART = re.compile(rb"""["'](ch\d+_\w+\.\w+)\\?["']""")
MAX_NAME = 200  # no part of the course has a longer one; put before each of a thousand names, one could cost minutes


def rests_on(
    curriculum: Curriculum, exercise: Exercise, imports: Callable[[Exercise], Iterable[str]]
) -> tuple[Exercise, ...]:
    """All other exercises whose files this one may import, directly or not, in the order of the course.

    `imports` gives what a file imports, as `imported` finds it. A learner may use a part that the reference does not.
    """

    def leads_to(item: Exercise) -> Iterable[str]:
        return (*item.prerequisites, *imports(item))

    return _reached(curriculum, exercise, leads_to(exercise), leads_to)


def uses(
    curriculum: Curriculum,
    exercise: Exercise,
    imports: Callable[[Exercise], Iterable[str]],
    suite: Iterable[bytes] = (),
) -> tuple[Exercise, ...]:
    """All other exercises that a verdict on this one's file rests on, in the order of the course.

    Those that it imports, directly or through them, and those that the suite asks for by name. What the exercise needs
    and this file does without is none of them.
    """
    asked_for = (name for text in suite for name in quoted(text))
    return _reached(curriculum, exercise, (*imports(exercise), *asked_for), imports)


def _reached(
    curriculum: Curriculum, exercise: Exercise, first: Iterable[str], leads_to: Callable[[Exercise], Iterable[str]]
) -> tuple[Exercise, ...]:
    """The other exercises that are reached from the first names; what is no exercise leads nowhere."""
    known = {item.name: item for item in curriculum.exercises}
    found, waiting = {exercise.name}, list(first)
    while waiting:
        name = waiting.pop()
        if name in known and name not in found:
            found.add(name)
            waiting += leads_to(known[name])
    return tuple(item for item in curriculum.exercises if item.name in found and item is not exercise)


def quoted(source: bytes) -> Iterator[str]:
    """Every part of the course that stands there as a text, as `importlib` and a suite's `imported` take it."""
    return (name.decode().replace(".", "/") for name in QUOTED_PART.findall(source))


def imported(source: bytes, chapter: str) -> Iterator[str]:
    """Every module that the source imports, written as an exercise's name; those of its own folder may be relative."""
    for module, names in FROM_STATEMENT.findall(source):
        if len(module) > MAX_NAME:
            continue
        owner = _full(module.decode(), chapter)
        yield owner.replace(".", "/")
        for name in DOTTED_NAME.findall(names):
            yield f"{owner}/{name.decode()}"
    for modules in IMPORT_STATEMENT.findall(source):
        for name in DOTTED_NAME.findall(modules):
            yield name.decode().replace(".", "/")


def _full(module: str, chapter: str) -> str:
    return module if not module.startswith(".") else f"{chapter}.{module[1:]}".rstrip(".")
