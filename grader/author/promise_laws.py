"""The law of the two-way contract, as far as it needs no run: stub, table and suite say the same."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from grader.course.curriculum import Exercise
from grader.course.layout import Layout
from grader.course.mistakes import read_edits
from grader.course.promises import Promise, Promises, Quote, read_promises
from grader.course.stubs import learners_docstrings, todo_texts
from grader.course.suite_text import tests_of
from grader.errors import GraderError

BRIEF = "brief"
SHOWN_WORDS = 80


def broken_promises(layout: Layout, exercise: Exercise) -> Iterator[str]:
    """What is wrong between the exercise's stub, its table of promises and its suite."""
    table = layout.display_path(layout.promises_file(exercise.name))
    try:
        promises = read_promises(layout, exercise.name)
    except GraderError as error:
        yield f"{exercise.name}: {error.message}"
        return
    if promises is None:
        yield f"{exercise.name}: {table} is missing; it ties each promise of the stub to its tests"
        return
    source = layout.solution_file(exercise.name).read_text(encoding="utf-8")
    suite = layout.suite_file(exercise.name).read_text(encoding="utf-8")
    for text in (*_quotes(promises, source), *_tests(promises, suite), *_mistakes(promises, layout, exercise.name)):
        yield f"{table}: {text}"


def _quotes(promises: Promises, source: str) -> Iterator[str]:
    """Each quote stands in its text, and the quotes of a docstring leave no word of it over."""
    docstrings = {name: promised_text(text) for name, text in learners_docstrings(source).items()}
    brief = promised_text(ast.get_docstring(ast.parse(source)) or "")
    todo = {name: _words(text) for name, text in todo_texts(source).items()}
    covered = {name: [False] * len(text) for name, text in docstrings.items()}
    entries: tuple[Quote, ...] = (*promises.promise, *promises.prose)
    for entry in entries:
        quote = entry.words
        if entry.of in docstrings and _mark(docstrings[entry.of], quote, covered[entry.of]):
            continue
        elsewhere = brief if entry.of == BRIEF else todo.get(entry.of, "")
        if not quote or quote not in elsewhere:
            yield f"`{entry.of}` does not say: {_shown(quote)}"
    for name, text in docstrings.items():
        if not text:
            yield f"`{name}` has no docstring: it says nothing that a test could check"
        if left := _left_over(text, covered[name]):
            yield f"`{name}` says what is neither a promise nor prose: {_shown(left)}"


def promised_text(docstring: str) -> str:
    """The words of a docstring without its examples, which reach from a `>>>` to the next empty line."""
    kept, in_example = [], False
    for line in docstring.splitlines():
        in_example = line.lstrip().startswith(">>>") or (in_example and bool(line.strip()))
        kept += [] if in_example else [line]
    return _words("\n".join(kept))


def _words(text: str) -> str:
    return " ".join(text.split())


def _mark(text: str, quote: str, covered: list[bool]) -> bool:
    """Mark where the quote stands, at a place that is not marked yet if there is one."""
    places = [match.start() for match in re.finditer(re.escape(quote), text)] if quote else []
    if not places:
        return False
    place = next((at for at in places if not all(covered[at : at + len(quote)])), places[0])
    covered[place : place + len(quote)] = [True] * len(quote)
    return True


def _left_over(text: str, covered: list[bool]) -> str:
    """The first words that no quote covers; punctuation does not count."""
    free = "".join(" " if known else letter for letter, known in zip(text, covered, strict=True))
    return next((_words(part) for part in re.split(r" {2,}", free) if re.search(r"\w", part)), "")


def _shown(text: str) -> str:
    return f"“{text[:SHOWN_WORDS]}…”" if len(text) > SHOWN_WORDS else f"“{text}”"


def _tests(promises: Promises, suite: str) -> Iterator[str]:
    """Each promise has a public test, and each test a promise."""
    tests = {test.name: test for test in tests_of(suite)}
    for promise in promises.promise:
        for name in promise.tests:
            if name not in tests:
                yield f"there is no test {name}, which {_named(promise)} names"
        if not any(name in tests and not tests[name].hidden for name in promise.tests):
            yield f"{_named(promise)} has no public test"
    for name in tests:
        if promises.part_of(name) is None:
            yield f"{name} checks no promise of the stub"


def _mistakes(promises: Promises, layout: Layout, exercise: str) -> Iterator[str]:
    try:
        known = {edit.name for edit in read_edits(layout, exercise)}
    except GraderError:  # a mistakes file that is not understood is told by a law of its own
        return
    for promise in promises.promise:
        if not promise.broken_by:
            yield f"{_named(promise)} is broken by no listed mistake"
        for name in promise.broken_by:
            if name not in known:
                yield f"there is no mistake {name}, which {_named(promise)} names"


def _named(promise: Promise) -> str:
    return f"`{promise.of}`: {_shown(promise.words)}"
