"""What holds for any names: they are read fast, tell people apart, and their order does not matter."""

from __future__ import annotations

import csv
import io
import random
import unicodedata
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from miniature import Kit
from running import PACKAGE

from grader.course.curriculum import Curriculum, Exercise, load_curriculum
from grader.course.file_names import FileNames
from grader.course.layout import Layout
from grader.course.visible import visible_line
from grader.score.intake.collecting import collect
from grader.score.intake.names import MAX_FILE_BYTES, as_a_file, file_name
from grader.score.intake.people import Directory, Person
from grader.score.intake.submission import Intake
from grader.score.intake.systems import OF_SEVERAL, PLAIN, SYSTEMS, Owner, guess, reader_of
from grader.score.sheets import read_sheet
from intake.files import RIGHT, STUB, write, zipped
from intake.renamed import COPIES

LAYOUT = Layout(PACKAGE)
COURSE: Curriculum = load_curriculum(LAYOUT)
NAMES = FileNames(COURSE)
ANY_TEXT = st.text(st.characters(exclude_categories=()))
PIECES = [
    *(
        "copy",
        "Copy of ",
        "copia",
        "another ",
        "3rd ",
        "conflicted copy",
        ".sync-conflict-",
        "の",
        "コピー",
        "final",
        "v",
    ),
    *(" - ", "_", "-", "(", ")", "[1]", " (2)", "1", "99", " ", ".", "\n", "\u0301", "%20", "%2F", "/", "\\"),
    *("softmax", "concepts", "ch3_attention", ".py", ".ipynb", ".txt"),
]
REPEATED = settings(derandomize=True, deadline=500, database=None)
FEW = settings(REPEATED, max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@settings(REPEATED, max_examples=400)
@given(ANY_TEXT | st.lists(st.sampled_from(PIECES), max_size=60).map("".join))
def test_any_path_is_read_fast(path: str) -> None:
    meanings = NAMES.meanings(path)
    assert len({meaning.exercise.name for meaning in meanings}) == len(meanings)
    NAMES.named_after(path)
    NAMES.of_a_person(path)
    nearest = NAMES.nearest(path)
    assert nearest is None or nearest in COURSE.exercises


@pytest.mark.parametrize("piece", PIECES)
def test_a_piece_again_and_again_is_read_fast(piece: str) -> None:
    for text in (piece * 255, "softmax" + piece * 120 + ".py", "a" + piece * 2000):
        NAMES.meanings(text)
        NAMES.named_after(text)
        NAMES.of_a_person(text)


@settings(REPEATED, max_examples=300)
@given(st.lists(ANY_TEXT | st.lists(st.sampled_from(["_", "12", "345678", "LATE", "ada", ".py", " - "])).map("".join)))
def test_any_entries_are_read_by_every_system(names: list[str]) -> None:
    assert guess(names) in SYSTEMS
    for system in SYSTEMS:
        read = reader_of(system, names)
        for name in names:
            owner = read(name)
            named = isinstance(owner, Owner) and (owner.name or owner.id or system in ("canvas", PLAIN))
            assert named or owner in (None, OF_SEVERAL)


@REPEATED
@given(
    st.text("abcdefghijklmnopqrstuvwxyzéø", min_size=1),
    st.integers(10_000, 99_999),
    st.integers(500_000, 999_999),
    st.text("abc_-. (0123456789)", max_size=30),
    st.booleans(),
)
def test_what_canvas_puts_together_is_taken_apart(name: str, id: int, attachment: int, file: str, late: bool) -> None:
    entry = f"{name}_{'LATE_' if late else ''}{id}_{attachment}_{file}.py"
    owner = reader_of("canvas", [entry, "lovelaceada_12345_678901_scale.py"])(entry)
    assert isinstance(owner, Owner)
    assert (owner.name, owner.id, owner.file) == (name, str(id), f"{file}.py")


@pytest.mark.parametrize("exercise", COURSE.exercises, ids=lambda exercise: exercise.name)
def test_every_exercise_is_known_by_every_name_that_copies_get(exercise: Exercise) -> None:
    for copy in COPIES if not exercise.manually_graded else ("Copy of scale.md", "scale (1).md", "Scale.txt"):
        name = copy.replace("scale", exercise.short).replace("Scale", exercise.short.capitalize())
        name = name.replace("SCALE", exercise.short.upper()).replace("ch1_mini", exercise.chapter)
        name = name.replace("ch1-mini", exercise.chapter.replace("_", "-"))
        for path in (f"{exercise.chapter}/{name}", f"{exercise.chapter}\\{name.replace('_', ' ')}"):
            (meaning,) = NAMES.meanings(path)
            assert meaning.exercise is exercise
            assert meaning.renamed


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("concepts.py", ["ch1_tokens/concepts", "ch5_models/concepts", "ch7_inference/concepts"]),
        ("ch5_models/concepts.py", ["ch5_models/concepts"]),
        ("hw/CH5_MODELS/Concepts (1).py", ["ch5_models/concepts"]),
        ("ch5_models_concepts.py", ["ch5_models/concepts"]),
        ("ch5_models%2Fconcepts.py", ["ch5_models/concepts"]),
        ("ch5-models-concepts-2.ipynb", ["ch5_models/concepts"]),
        ("ch2_embeddings/concepts.py", []),
        ("Scaled Dot-Product.ipynb", ["ch3_attention/scaled_dot_product"]),
        ("softmax.md", []),
        ("softmax.txt", []),
        ("my_softmax.py", []),
        ("softmaxes.py", []),
    ],
)
def test_shared_and_other_names_of_the_course(path: str, names: list[str]) -> None:
    assert [meaning.exercise.name for meaning in NAMES.meanings(path)] == names


def test_a_name_that_chapters_share_is_told_by_its_folder_or_not_at_all(tmp_path: Path) -> None:
    text = LAYOUT.solution_file("ch1_tokens/concepts").read_text(encoding="utf-8")
    other = LAYOUT.solution_file("ch5_models/concepts").read_text(encoding="utf-8")
    files = {
        "ada/ch5_models/concepts.py": other,
        "ada/ch1_tokens/concepts.py": text,
        "ben/concepts.py": text,
        "cy/ch1_tokens_concepts.py": text,
        "dan/quiz.py": text,
    }
    write(tmp_path, files)
    ada, ben, cy, dan = collect(tmp_path, LAYOUT, COURSE).submissions
    assert ada.used == {
        "ch1_tokens/concepts": "ch1_tokens/concepts.py",
        "ch5_models/concepts": "ch5_models/concepts.py",
    }
    for submission in (ben, dan):
        assert submission.files == {}
        assert "it may be ch1_tokens/concepts or ch5_models/concepts or ch7_inference/concepts: put it into its " in (
            submission.problem
        )
    assert cy.used == {"ch1_tokens/concepts": "ch1_tokens_concepts.py"}
    asked = COURSE.find("ch5_models/concepts")
    _, ben, cy, dan = collect(tmp_path, LAYOUT, COURSE, asked=asked).submissions
    assert ben.used == {"ch5_models/concepts": "concepts.py"}  # the assignment asks for this one alone
    assert "ch5_models/concepts" not in cy.used
    assert dan.used == {"ch5_models/concepts": "quiz.py"}


# -- people -------------------------------------------------------------------------------------------

ALIKE = (
    "ada",
    "Ada",
    "ADA",
    "ada ",
    "é",
    "e\u0301",
    "x" * 150,
    "x" * 151,
    "con",
    "_con",
    "CON.x",
    "a.",
    "a",
    "a\u200d",
)
LONG = ("\U0001f600" * 62, "\U0001f600" * 63, "é" * 90, "é" * 91)
FOLDER_NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="/\\\0"), min_size=1, max_size=120)


def classes_of(names: list[str], seed: int) -> bytes:
    """A folder of each name, behind two letters: hidden ones are passed over, and `C:` is another computer's disk."""
    entries = [(f"of{name}/scale.py", RIGHT if len(name) % 2 else STUB) for name in names]
    random.Random(seed).shuffle(entries)
    return zipped(dict(entries))


def read(kit: Kit, tmp_path: Path, archive: bytes) -> Intake:
    path = tmp_path / "class.zip"
    path.write_bytes(archive)
    return collect(path, kit.layout, kit.curriculum, pattern="plain")


@FEW
@given(st.lists(FOLDER_NAMES | st.sampled_from([*ALIKE, *LONG]),
                min_size=1, max_size=12, unique=True))  # fmt: skip
def test_all_names_have_a_row_a_label_and_a_key_of_their_own(kit: Kit, tmp_path: Path, names: list[str]) -> None:
    intake = read(kit, tmp_path, classes_of(names, 1))
    assert len(intake.submissions) == len(names)
    assert len({submission.key for submission in intake.submissions}) == len(names)
    labels = [submission.student for submission in intake.submissions]
    assert len({as_a_file(label) for label in labels}) == len(names)
    assert all(visible_line(label) == label and "/" not in label for label in labels)
    assert all(len(file_name(label).encode()) <= MAX_FILE_BYTES for label in labels)
    assert sum(submission.files["ch1_mini/scale"] == RIGHT.encode() for submission in intake.submissions) == sum(
        len(name) % 2 for name in names
    )
    for seed in (2, 3):
        assert read(kit, tmp_path, classes_of(names, seed)) == intake


WORD = st.from_regex(r"[a-eéèøñ]['-]?[a-eéèøñ]{0,6}", fullmatch=True)
NAME = st.lists(WORD, min_size=2, max_size=3).map(" ".join)


@REPEATED
@given(NAME, st.sampled_from(["NFC", "NFD"]), st.booleans(), st.booleans())
def test_a_person_is_found_however_the_name_is_written(name: str, form: str, upper: bool, last_first: bool) -> None:
    people = Directory([Person("7", name, name, "7"), Person("8", "Zz Yy", "Zz Yy", "8")])
    words = name.split()
    written = f"{words[-1]}, {' '.join(words[:-1])}" if last_first else f"  {name} "
    written = unicodedata.normalize(form, written.upper() if upper else written)  # type: ignore[arg-type] # a form, given as text
    assert [person.key for person in people.meant(written)] == ["7"]
    assert [person.key for person in people.meant(" 7 ")] == ["7"]


@FEW
@given(
    st.lists(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r␛'")), min_size=2,
                      max_size=2), max_size=6),
    st.sampled_from(",;\t"),
    st.sampled_from(["\n", "\r\n"]),
    st.booleans(),
)  # fmt: skip
def test_a_table_is_read_as_it_was_written(
    tmp_path: Path, cells: list[list[str]], delimiter: str, end: str, mark: bool
) -> None:
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, delimiter=delimiter, lineterminator=end, quoting=csv.QUOTE_ALL)
    writer.writerows([[" ID", "Name", "text "], *([str(number), *row] for number, row in enumerate(cells))])
    path = tmp_path / "table.csv"
    path.write_bytes((("\ufeff" if mark else "") + buffer.getvalue()).encode())
    sheet = read_sheet(path)
    assert sheet.headings == ("id", "name", "text")
    assert [(row["id"], row["name"], row["text"]) for _, row in sheet.rows] == [
        (str(number), name, text) for number, (name, text) in enumerate(cells)
    ]
