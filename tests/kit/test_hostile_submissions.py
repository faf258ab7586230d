"""Submissions that attack whoever collects them: archives, links, names, notebooks.

Each file in `attacks/handed_in` hands one in and declares what becomes of it. They are scored in one class with
honest work, whose marks must be those of a class without them.
"""

from __future__ import annotations

import csv
import html
import importlib
import io
import json
import re
import secrets
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from miniature import CHAPTER, SOLUTION, Kit
from running import grader
from unseen import unseen_below, unseen_in

from grader.judge.client import Judge
from grader.score.intake.archives import MAX_EXPANDED_BYTES
from grader.score.intake.collecting import collect
from grader.score.intake.names import file_name

FOLDER = Path(__file__).parent / "attacks" / "handed_in"
HONEST = ("ada", "zoe_h")
ESSAY = '\n[essay]\ntitle = "An essay"\npoints = 4\nmarked_by = "person"\nhints = ["Write."]\n'
BANNED = 'bans = ["products"]\n'
BANS = '[products]\nnames = ["torch.*mul*"]\ninstead = "multiply by a number"\n'
PROBLEM = re.compile(r"\b(?!(?:Syntax|Indentation|Tab)Error)[A-Z]\w+(?:Error|Exception)\b")  # Python's word for one
QUOTE = "'"  # before what a spreadsheet would compute
MAX_CELL = 32_767  # characters that a cell of a spreadsheet holds
MAX_PAGE_BYTES = 300_000
WRONG = b"def double(x):\n    return x + 1\n\n\ndef halve(x):\n    return x / 2\n"


@dataclass(frozen=True)
class HandIn:
    """One hostile submission: its student's name in the marks, its verdict, and what must be said of it.

    What costs seconds to read stands in a class of its own, which is scored once.
    """

    name: str
    student: str
    verdict: str
    says: str
    is_costly: bool


def read_hand_in(path: Path) -> HandIn:
    header = dict(re.findall(r"^# (verdict|says|student|costs): (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE))
    return HandIn(
        path.stem, header.get("student", path.stem), header["verdict"], header.get("says", ""), "costs" in header
    )


HAND_INS = [read_hand_in(path) for path in sorted(FOLDER.glob("*.py"))]


@dataclass(frozen=True)
class Scored:
    """What came of a class: rows and pages by student, what was said, and all that was written, as text."""

    rows: dict[str, dict[str, str]]
    said: str
    pages: dict[str, str]
    essays: tuple[dict[str, str], ...]
    written: str
    journal: str


def score(kit: Kit, people: Path, out: Path, once: bool = False) -> Scored:
    """Scored twice into one folder, as a class is: the second run reads what the first one wrote."""
    command = ("score", str(people), "--out", str(out), "--seed", "5", "--pattern", "plain")
    assert once or grader(kit.layout.root, *command).returncode == 0
    done = grader(kit.layout.root, *command)
    assert done.returncode == 0, done.stderr
    assert unseen_below(out) == {}
    assert unseen_in(done.stdout) | unseen_in(done.stderr) == set()
    assert "Warning" not in done.stderr
    rows = {row["student"]: row for row in table(out / "grades.csv")}
    pages = {name: (out / "feedback" / f"{file_name(name.lstrip(QUOTE))}.html") for name in rows}
    texts = {path: path.read_bytes().decode(errors="replace") for path in sorted(out.rglob("*")) if path.is_file()}
    journal = texts.pop(out / "journal.sqlite")
    written = "\n".join([done.stdout, done.stderr, *texts.values()])
    read = {name: html.unescape(page.read_text(encoding="utf-8")) for name, page in pages.items() if page.exists()}
    return Scored(rows, done.stdout, read, table(out / "rubric.csv"), written, journal)


def table(path: Path) -> tuple[dict[str, str], ...]:
    with path.open(newline="", encoding="utf-8") as file:
        return tuple(csv.DictReader(file))


def furnish(kit: Kit) -> None:
    """An essay, and a ban: what is handed in is looked through for both."""
    kit.layout.chapter_file("ch1_mini").write_text(CHAPTER + BANNED + ESSAY)
    kit.layout.bans_file.write_text(BANS)
    kit.layout.solution_file("ch1_mini/essay", ".md").write_text("# An essay\n")
    kit.sync()


def honest(people: Path) -> None:
    for student, text in zip(HONEST, (SOLUTION.encode(), WRONG), strict=True):
        (people / student).mkdir(parents=True)
        (people / student / "scale.py").write_bytes(text)


@pytest.fixture(scope="module")
def secret(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("hidden") / "secret.py"
    path.write_text(f"# {secrets.token_hex(16)}\n{SOLUTION}")
    return path


@pytest.fixture(scope="module")
def scored(tmp_path_factory: pytest.TempPathFactory, judge: Judge, secret: Path) -> tuple[Scored, Scored, Scored]:
    """The class, the class of those that are costly to read, and the honest students alone."""
    folder = tmp_path_factory.mktemp("class")
    kit = Kit(folder / "kit", judge)
    furnish(kit)
    for people in (folder / "all", folder / "costly", folder / "alone"):
        honest(people)
    for hand_in in HAND_INS:
        module = importlib.import_module(f"attacks.handed_in.{hand_in.name}")
        people = folder / ("costly" if hand_in.is_costly else "all")
        module.hand_in(people, hand_in.name, SOLUTION.encode(), secret)
    names = ("all", "costly", "alone")
    everyone, costly, alone = (
        score(kit, folder / name, folder / f"{name}-results", once=name == "costly") for name in names
    )
    return everyone, costly, alone


def unlike_declared(hand_in: HandIn, found: Scored) -> str:
    """What is wrong with what became of a hand-in; nothing where it is as declared."""
    row = found.rows[hand_in.student]
    said = [line for line in found.said.splitlines() if line.startswith(f"  no points for {hand_in.student}: ")]
    where = said or [found.pages.get(hand_in.student, "")]
    is_so = (row["ch1_mini/scale"] == "10") == (hand_in.verdict == "passed")
    is_said = bool(said) == (hand_in.verdict == "refused") and all(hand_in.says in line for line in where)
    return "" if is_so and is_said else f"{hand_in.name}: {row}, {said}"


@pytest.mark.timeout(600)
def test_a_class_of_hostile_submissions(scored: tuple[Scored, Scored, Scored], secret: Path) -> None:
    """Each is as declared, the honest ones are as they are alone, and nothing comes out that is not to."""
    everyone, costly, alone = scored
    assert [text for h in HAND_INS if (text := unlike_declared(h, costly if h.is_costly else everyone))] == []
    assert len(everyone.rows) + len(costly.rows) == len(HAND_INS) + 2 * len(HONEST)
    assert {name: everyone.rows[name] for name in HONEST} == alone.rows
    assert {name: costly.rows[name] for name in HONEST} == alone.rows
    assert [alone.rows[name]["ch1_mini/scale"] for name in HONEST] == ["10", "5"]
    written = everyone.written + costly.written
    assert secret.read_text().splitlines()[0] not in written + everyone.journal + costly.journal
    assert [path.name for path in secret.parent.iterdir()] == ["secret.py"]
    for never in ("ESCAPED", "\x1b", "<script>alert", "<script>mallory"):
        assert never not in written
    # nobody is told what only a programmer of the grader knows
    lines = [line for found in scored for line in found.said.splitlines() if line.startswith("  no points for ")]
    assert [line for line in lines if PROBLEM.search(line)] == []
    pages = {name: len(page.encode()) for found in scored for name, page in found.pages.items()}
    assert {name: size for name, size in pages.items() if size > MAX_PAGE_BYTES} == {}
    assert max(len(cell) for found in scored for row in found.essays for cell in row.values()) <= MAX_CELL


def test_every_hand_in_says_what_it_does() -> None:
    assert len(HAND_INS) >= 130
    for hand_in in HAND_INS:
        assert hand_in.verdict in ("passed", "failed", "refused")
        assert importlib.import_module(f"attacks.handed_in.{hand_in.name}").__doc__


# -- archives with anything in them -------------------------------------------------------------------


WRITE: dict[str, Literal["w:", "w:gz", "w:bz2", "w:xz"]] = {
    "tar": "w:",
    "tar.gz": "w:gz",
    "tar.bz2": "w:bz2",
    "tar.xz": "w:xz",
}


def packed(kind: str) -> bytes:
    buffer = io.BytesIO()
    if kind == "zip":
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("scale.py", SOLUTION)
            archive.writestr("ch1_mini/other.py", SOLUTION * 3)
    else:
        with tarfile.open(fileobj=buffer, mode=WRITE[kind]) as archive:
            for name, text in (("ch1_mini/scale.py", SOLUTION), ("scale.py", SOLUTION * 3)):
                info = tarfile.TarInfo(name)
                info.size, info.pax_headers = len(text), {"comment": "ä" * 40}
                archive.addfile(info, io.BytesIO(text.encode()))
    return buffer.getvalue()


@pytest.mark.parametrize("kind", ["zip", "tar", "tar.gz", "tar.bz2", "tar.xz"])
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    changes=st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), min_size=1, max_size=12),
    cut=st.booleans(),
)
def test_no_bytes_of_an_archive_end_the_class(
    kit: Kit, tmp_path: Path, kind: str, changes: list[tuple[int, int]], cut: bool
) -> None:
    data = bytearray(packed(kind))
    for place, value in changes:
        data[place % len(data)] = value
    check_collected(kit, tmp_path, f"ben.{kind}", bytes(data[: changes[0][0] % len(data)] if cut else data))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    cells=st.recursive(
        st.none() | st.integers() | st.text(st.characters(exclude_categories=())),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["cells", "cell_type", "source", "metadata", "grader"]), inner, max_size=4
            )
        ),
        max_leaves=8,
    )
)
def test_no_notebook_ends_the_class(kit: Kit, tmp_path: Path, cells: object) -> None:
    code = {"cell_type": "code", "metadata": cells, "source": cells}
    for document in ({"cells": [code]}, {"cells": cells}, cells):
        check_collected(kit, tmp_path, "ben/scale.ipynb", json.dumps(document).encode())


def check_collected(kit: Kit, tmp_path: Path, name: str, data: bytes) -> None:
    """The submission is read or refused, and the one beside it is read."""
    people = tmp_path / "people"
    for path, content in (("ada/scale.py", SOLUTION.encode()), (name, data)):
        (people / path).parent.mkdir(parents=True, exist_ok=True)
        (people / path).write_bytes(content)
    ada, ben = collect(people, kit.layout, kit.curriculum, pattern="plain").submissions
    assert ada.files == {"ch1_mini/scale": SOLUTION.encode()} and not ada.problem
    assert bool(ben.files) != bool(ben.problem)
    assert ben.problem.isprintable()
    assert all(len(content) < MAX_EXPANDED_BYTES for content in ben.files.values())
