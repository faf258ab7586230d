"""What a person marks: a row for each essay of each student, with what was written into the sheet before.

What a person typed is never dropped. A row that is of nobody in the class, or of an exercise that is not asked for now,
stays at the sheet's end.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from grader.course.curriculum import Curriculum, Exercise
from grader.course.file_kinds import readable_text
from grader.course.visible import visible
from grader.errors import UsageError
from grader.score.intake.people import Person, as_a_number, same_word
from grader.score.intake.submission import Submission
from grader.score.marks import NOT_HANDED_IN, Mark
from grader.score.sheets import number_in, read_sheet

COLUMNS = ("student", "exercise", "points", "points_possible", "words", "text", "comment", "id")
NEEDED = ("student", "exercise", "points")
MAX_TEXT = 30_000  # of an essay in the sheet: a cell of a spreadsheet holds 32,767 characters
MANGLED_ID = re.compile(r"\d[.,]\d*E\+\d+", re.IGNORECASE)  # what a spreadsheet makes of a long number


@dataclass(frozen=True)
class TypedRow:
    """A row of the sheet as it stands there. `more` has the cells of columns that are a person's own."""

    number: int
    cells: dict[str, str]
    more: tuple[str, ...] = ()

    @property
    def is_typed(self) -> bool:
        """Whether a person wrote into it."""
        written = (self.cells["points"], self.cells.get("comment", ""), *self.more)
        return any(cell.strip() for cell in written)


@dataclass(frozen=True)
class TypedSheet:
    """The sheet as a person left it. `more` are the headings of columns that are not ours."""

    path: Path
    rows: tuple[TypedRow, ...] = ()
    more: tuple[str, ...] = ()


@dataclass(frozen=True)
class RubricRow:
    """One exercise of one student that a person marks. `points`, `comment` and `more` are the person's, as written.

    `words` counts those of the whole essay. `text` is the essay as far as a cell holds it.
    """

    person: Person
    exercise: str
    points: str
    points_possible: float
    words: int
    text: str
    comment: str
    more: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rubric:
    """The sheet anew, the marks in it by label and exercise, and how many hand-ins of an exercise have none yet."""

    rows: tuple[RubricRow, ...] = ()
    kept: tuple[TypedRow, ...] = ()
    more: tuple[str, ...] = ()
    marks: tuple[tuple[str, Mark], ...] = ()
    unmarked: tuple[tuple[str, int], ...] = ()
    warnings: tuple[str, ...] = ()


def read_rubric(path: Path) -> TypedSheet:
    """The sheet that `grader score` wrote and a person filled in; an empty one where there is none."""
    if not path.exists():
        return TypedSheet(path)
    sheet = read_sheet(path)
    sheet.require(path, NEEDED)
    more = tuple(dict.fromkeys(name for name in sheet.headings if name and name not in COLUMNS))
    rows = [TypedRow(number, cells, tuple(cells[name] for name in more)) for number, cells in sheet.rows]
    return TypedSheet(path, tuple(rows), more)


def rubric_of(
    sheet: TypedSheet, curriculum: Curriculum, exercises: Iterable[Exercise], submissions: Iterable[Submission]
) -> Rubric:
    """What a person typed, beside what was handed in. Nothing where no exercise is marked by a person."""
    essays = {exercise.name: exercise for exercise in exercises if exercise.manually_graded}
    submissions = list(submissions)
    if not essays:
        return Rubric()
    people = Owners(submission.person for submission in submissions)
    held, kept = _by_owner(sheet, people, essays)
    marks = {key: mark for key, row in held.items() if (mark := _mark(sheet.path, row, essays[key[1]]))}
    rows = [
        _row(found, essay, held.get((found.student, essay.name))) for found in submissions for essay in essays.values()
    ]
    return Rubric(
        rows=tuple(rows),
        kept=tuple(kept),
        more=sheet.more,
        marks=tuple((label, mark) for (label, _), mark in (marks | _missing(marks, essays, submissions)).items()),
        unmarked=tuple(_unmarked(marks, essays, submissions)),
        warnings=tuple(_warnings(sheet.path, kept, people, curriculum)),
    )


# -- whose a row is -----------------------------------------------------------------------------------


class Owners:
    """The labels of a class, by whatever a row may name its student with: an id, or the name where there is none."""

    def __init__(self, people: Iterable[Person]) -> None:
        people = list(people)
        self.by_id = {person.id: person.label for person in people if person.id}
        self.by_name = {person.key: person.label for person in people} | {p.label: p.label for p in people}
        self.by_number = _told_apart((as_a_number(person.id), person.label) for person in people)
        self.by_rest = _told_apart((_rest(person.label), person.label) for person in people)

    def label(self, cells: dict[str, str]) -> str | None:
        """Whose a row is; None where it is nobody's. What a spreadsheet changed in an id or a name is seen through."""
        id, name = cells.get("id", "").strip(), cells["student"]
        if id and not MANGLED_ID.fullmatch(id):
            return self.by_id.get(id) or self.by_number.get(as_a_number(id)) or self.by_name.get(id)
        return self.by_name.get(name) or self.by_id.get(name.strip()) or self.by_rest.get(_rest(name))


def _told_apart(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Labels by words that are those of one person alone."""
    found: dict[str, set[str]] = defaultdict(set)
    for word, label in pairs:
        found[word].add(label)
    return {word: min(labels) for word, labels in found.items() if word and len(labels) == 1}


def _rest(name: str) -> str:
    """What is left of a name where a spreadsheet dropped an apostrophe, and saved no characters but Windows' own."""
    return re.sub(r"\?+", "?", same_word(name.encode("cp1252", "replace").decode("cp1252"))).lstrip("'")


def _by_owner(
    sheet: TypedSheet, people: Owners, essays: dict[str, Exercise]
) -> tuple[dict[tuple[str, str], TypedRow], list[TypedRow]]:
    """The rows that count, by label and exercise, and the others that a person wrote into."""
    held: dict[tuple[str, str], TypedRow] = {}
    kept = []
    for row in sheet.rows:
        label, exercise = people.label(row.cells), row.cells["exercise"]
        if label is None or exercise not in essays:
            kept += [row] if row.is_typed else []
            continue
        other = held.setdefault((label, exercise), row)
        if other is not row and row.is_typed:
            if other.is_typed:
                message = f"{sheet.path}, row {row.number}: {exercise} of {label} stands in row {other.number}, too"
                raise UsageError(message, "leave one of the two")
            held[label, exercise] = row
    return held, kept


def _warnings(path: Path, kept: list[TypedRow], people: Owners, curriculum: Curriculum) -> Iterable[str]:
    """What stays in the sheet and counts for nobody. An exercise that is only not asked for now is no surprise."""
    marked_by_a_person = {exercise.name for exercise in curriculum.exercises if exercise.manually_graded}
    nobodys: dict[str, list[str]] = defaultdict(list)
    for row in kept:
        exercise = row.cells["exercise"]
        if people.label(row.cells) is None:
            nobodys[row.cells["student"] or row.cells.get("id") or "a student without a name"].append(exercise)
        elif exercise not in marked_by_a_person:
            yield f"{path.name}, row {row.number}: {exercise!r} is nothing that a person marks; it does not count"
    for name, exercises in nobodys.items():
        yield (
            f"{path.name} has points or a comment for {name} ({', '.join(exercises)}), who is not in the class now: "
            "they stay at its end and do not count"
        )


# -- what it comes to ---------------------------------------------------------------------------------


def _mark(path: Path, row: TypedRow, exercise: Exercise) -> Mark | None:
    if not row.cells["points"].strip():
        return None
    points = number_in(path, row.number, row.cells, "points")
    if not 0 <= points <= exercise.points:
        message = f"{path}, row {row.number}: points from 0 to {exercise.points:g} were expected, not {points:g}"
        raise UsageError(message)
    return Mark(exercise.name, points, None, points, exercise.points, "marked")


def _missing(
    marks: dict[tuple[str, str], Mark], essays: dict[str, Exercise], submissions: list[Submission]
) -> dict[tuple[str, str], Mark]:
    """Once the work of one is marked, who handed in nothing has none of its points."""
    begun = {exercise for _, exercise in marks}
    return {
        (found.student, name): Mark(name, 0.0, None, 0.0, essays[name].points, NOT_HANDED_IN)
        for found in submissions
        for name in essays
        if name in begun and name not in found.files and (found.student, name) not in marks
    }


def _unmarked(
    marks: dict[tuple[str, str], Mark], essays: dict[str, Exercise], submissions: list[Submission]
) -> Iterable[tuple[str, int]]:
    for name in essays:
        count = sum(name in found.files and (found.student, name) not in marks for found in submissions)
        if count:
            yield name, count


def _row(submission: Submission, exercise: Exercise, held: TypedRow | None) -> RubricRow:
    cells = held.cells if held is not None else {}
    whole = readable_text(submission.files.get(exercise.name, b"")).replace("\r\n", "\n").replace("\r", "\n")
    return RubricRow(
        person=submission.person,
        exercise=exercise.name,
        points=cells.get("points", ""),
        points_possible=exercise.points,
        words=len(whole.split()),
        text=_shortened(whole, submission.used.get(exercise.name, "")),
        comment=cells.get("comment", ""),
        more=held.more if held is not None else (),
    )


def _shortened(text: str, file: str) -> str:
    """The text as far as a cell holds it. Behind a cut one stands where the whole is."""
    shown = visible(text[:MAX_TEXT])
    if len(text) <= MAX_TEXT and len(shown) <= MAX_TEXT:
        return shown
    return f"{shown[:MAX_TEXT]} …\n\n(cut here, of {len(text):,} characters; the whole was handed in as {file})"
