"""No character that is obeyed and not seen leaves the kit: not in a page, a table or a document, not on a terminal.

They come in names of students and files, in what code prints, raises, returns and names its locals' values, in
notebooks, essays and rosters.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from subprocess import CompletedProcess

import msgspec
import pytest
from miniature import Kit
from running import grader
from test_reading_notebooks import document_of
from unseen import ALL_UNSEEN, HONEST, SOME_UNSEEN, unseen_below, unseen_in, unseen_in_json

from grader.judge.client import Judge
from grader.protocol.groups import Group, Shown
from grader.protocol.results import Call, Failure, Frame, Place, SmallestCase, WrongLine
from grader.render.gradescope import gradescope_results
from grader.render.groups import groups_json
from grader.render.html import Pages
from grader.render.junit import junit
from grader.render.tables import grades_csv, rubric_csv
from grader.score import views
from grader.score.intake.people import Person
from grader.score.marks import Mark, StudentMarks
from grader.score.rubric import Rubric, RubricRow
from grader.score.similar import Pair

KINDS = "".join(SOME_UNSEEN)
ONE_OF_EACH = "".join(character for character in ALL_UNSEEN if ord(character) < 0x3000) + KINDS
RIGHT = "def double(x):\n    return x + x\n\n\ndef halve(x):\n    return 0.5 * x\n"
HEAD = f"OBEYED = ''.join(map(chr, {[ord(c) for c in ONE_OF_EACH]})) + chr(0xd800)\n"
RAISES = (
    f"{HEAD}\n\ndef double(x):\n    '''A note: {KINDS[2:4]!r}.'''\n    value, other = OBEYED, {{OBEYED: [OBEYED]}}\n"
    "    print(OBEYED, *OBEYED, sep='\\n')\n    raise ValueError('raised ' + OBEYED)\n\n\n"
    "def halve(x):\n    print('\\r'.join(OBEYED))\n    return OBEYED\n"
)
AT_IMPORT = f"{HEAD}\nprint(OBEYED)\nraise type('Error' + OBEYED.replace(chr(0), ''), (Exception,), {{}})(OBEYED)\n"
NO_PYTHON = "x = 1 \u202e\u2066 +\x9b\u2028 ?\n"
LONG = "".join(f"    step{n} = x * {n} + {n + 1} - (x - {n})  # \u202e{KINDS[3:]!r}\n" for n in range(20))
COPIED = f"def double(x):\n{LONG}    return x + x\n\n\ndef halve(x):\n    return x / 2\n"
NOTEBOOK = (RIGHT, f"%cd {KINDS}", f"!ls {KINDS}", f"1 + {KINDS}", f"{HEAD}raise ValueError(OBEYED)")


def lay(folder: Path, files: dict[str, str | bytes]) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)


def lay_class(people: Path) -> None:
    works = (RAISES, AT_IMPORT, NO_PYTHON, RIGHT)
    for number, kind in enumerate((*SOME_UNSEEN, *HONEST)):
        lay(people, {f"a{number}{kind}/scale.py": works[number % 4], f"a{number}{kind}/x{kind}.py": "y = 1\n"})
    lay(people, {"notes/scale.ipynb": document_of(*NOTEBOOK), "notes/essay.md": f"Why {KINDS}\r\r\n"})
    lay(people, {f"same{end}/scale.py": COPIED for end in (f"{KINDS[:3]}", "\u202e")})
    lay(people, {f".hidden{KINDS}/scale.py": RIGHT, f"left{KINDS}.txt": "x", f"scale{KINDS}.py": "x = 1\n"})
    lost = os.fsencode(people) + b"/lost\xff\x80"
    os.mkdir(lost)
    Path(os.fsdecode(lost + b"/scale\xfe.py")).write_text(RAISES)


@pytest.fixture(scope="module")
def scored(tmp_path_factory: pytest.TempPathFactory, judge: Judge) -> tuple[Kit, Path, list[CompletedProcess[str]]]:
    """The class, scored twice into the same folder, after it was only listed."""
    root = tmp_path_factory.mktemp("unseen")
    kit = Kit(root / "kit", judge)
    kit.add_second('\n[essay]\ntitle = "An essay"\npoints = 4\nmarked_by = "person"\nhints = ["Write."]\n')
    kit.layout.solution_file("ch1_mini/essay", ".md").write_text("# An essay\n")
    kit.sync()
    lay_class(root / "class")
    (root / "roster.csv").write_text(f"id,name,section\n7{KINDS},Mia{KINDS},s{KINDS}\n8,ada,\n".replace("\r", "\x0b"))
    command = ("score", str(root / "class"), "--out", "out", "--roster", str(root / "roster.csv"), "--pattern", "plain")
    runs = [grader(kit.layout.root, *command, *more) for more in (("--dry-run",), ("--seed", "5"), ())]
    return kit, root, runs


def test_nothing_of_it_is_in_what_is_written_or_said(
    scored: tuple[Kit, Path, list[CompletedProcess[str]]],
) -> None:
    kit, _, runs = scored
    for done in runs:
        assert done.returncode == 0, done.stderr
        assert unseen_in(done.stdout) | unseen_in(done.stderr) == set()
    assert unseen_below(kit.layout.root / "out") == {}
    page = (kit.layout.root / "out" / "feedback" / "a0_x07_x0b_r_x1b_x7f.html").read_text()
    assert r"ValueError: raised \x00\x01" in page
    assert r"<title>a0\x07\x0b\r\x1b\x7f</title>" in page
    assert {path.stem for path in (kit.layout.root / "out" / "feedback").iterdir()} >= {
        f"a8{HONEST[0]}",
        "lost_udcff_udc80",
    }


def test_who_has_no_row_is_told_of(scored: tuple[Kit, Path, list[CompletedProcess[str]]]) -> None:
    kit, _, runs = scored
    for text in (runs[0].stdout, (kit.layout.root / "out" / "intake.txt").read_text()):
        warnings = text.partition("look at this:")[2]
        assert "no row, because the name says no student: " in warnings
        assert r".hidden\x07" in warnings and r"scale\x07" in warnings


def test_nothing_of_it_is_in_a_regrade_or_among_pairs(scored: tuple[Kit, Path, list[CompletedProcess[str]]]) -> None:
    kit, root, _ = scored
    suite = kit.layout.suite_file(kit.name)
    whole = suite.read_text()
    try:
        suite.write_text(whole.replace("student.halve(x), x / 2", "student.halve(x), x / 4"))
        done = grader(
            kit.layout.root, "regrade", str(root / "class"), "--out", "out", "--preview", "--pattern", "plain"
        )
    finally:
        suite.write_text(whole)
    assert (done.returncode, "→" in done.stdout) == (0, True), done.stderr
    assert unseen_in(done.stdout) | unseen_in(done.stderr) == set()
    done = grader(kit.layout.root, "similar", str(root / "class"), "--pattern", "plain", "--out", "pairs.html")
    assert done.returncode == 0, done.stderr
    page = (kit.layout.root / "pairs.html").read_text()
    assert r"\u202e" in page and "<mark>" in page
    assert unseen_in(done.stdout) | unseen_in(done.stderr) | unseen_in(page) == set()


@pytest.mark.parametrize("work", [RAISES, AT_IMPORT, NO_PYTHON], ids=["raises", "at import", "no Python"])
@pytest.mark.parametrize("options", [(), ("-v",), ("--json",)], ids=["plain", "verbose", "json"])
def test_nothing_of_it_is_in_a_check(kit: Kit, work: str, options: tuple[str, ...]) -> None:
    kit.file.write_text(work)
    done = grader(kit.layout.root, "check", *options)
    assert done.returncode == 1, done.stderr
    assert (unseen_in_json if "--json" in options else unseen_in)(done.stdout) | unseen_in(done.stderr) == set()


def test_nothing_of_it_is_in_a_check_of_a_notebook(kit: Kit) -> None:
    kit.file.with_suffix(".ipynb").write_bytes(document_of(*NOTEBOOK))
    for options in ((), ("--json",)):
        done = grader(kit.layout.root, "check", "--no-cache", *options)
        assert "cell" in done.stdout
        assert unseen_in(done.stdout) | unseen_in(done.stderr) == set()


@pytest.mark.parametrize("options", [(), ("--json",)], ids=["text", "json"])
def test_nothing_of_it_is_in_a_judgement_of_files(kit: Kit, tmp_path: Path, options: tuple[str, ...]) -> None:
    folder = tmp_path / "answers" / "ch1_mini" / "scale"
    lay(folder, {f"{name}{KINDS}.py": text for name, text in (("a", RAISES), ("b", AT_IMPORT), ("c", NO_PYTHON))})
    lay(folder.parent / f"no{KINDS}", {"d.py": RIGHT})
    whole = grader(kit.layout.root, "dev", "judge", str(folder.parent.parent), *options)
    assert len(whole.stdout.splitlines()) >= 4, whole.stderr
    one = grader(kit.layout.root, "dev", "judge", "scale", str(folder / f"a{KINDS}.py"), *options)
    for done in (whole, one):
        assert unseen_in(done.stdout) | unseen_in(done.stderr) == set()
    for line in whole.stdout.splitlines() if options else ():
        assert unseen_in_json(line) == set()
        assert json.loads(line)["file"].isascii()


def test_nothing_of_it_is_in_an_error(kit: Kit, tmp_path: Path) -> None:
    for words in (
        ("check", "x\x1b[2J\u202e"),
        ("show", "\x9b\u2066"),
        ("--no\x1bsuch",),
        ("score", "\x1b", "--out", "x"),
    ):
        done = grader(kit.layout.root, *words)
        assert done.returncode == 2
        assert "\\x" in done.stderr
        assert unseen_in(done.stdout) | unseen_in(done.stderr) == set()
    (tmp_path / "class").mkdir()
    lay(tmp_path / "class", {f".x{KINDS}/scale.py": RIGHT})
    done = grader(kit.layout.root, "score", str(tmp_path / "class"), "--out", "out")
    assert (done.returncode, unseen_in(done.stderr)) == (2, set())


def hostile_view() -> views.StudentView:
    """A view with every one of them in every text, as if nobody had looked at it before."""
    text = f"{ONE_OF_EACH}\ud800"
    failure = Failure(
        text, Call(text, ((text, text),)), text, text, frames=(Frame(Place(text, 1), text, text, ((text, text),)),),
        advice=text, smallest=SmallestCase(text, ((text, text),), text, text),
    )  # fmt: skip
    mark = Mark(text, 0, None, 0, 1, text)
    test = views.TestView(text, text, "failed", False, 0, 1, failure, text, text)
    exercise = views.ExerciseView(text, text, "failed", mark, failure, (test,), (text,), (text,))
    return views.StudentView(text, StudentMarks(text, (mark,), 0, 0, 0, 1), (exercise,), (text,))


def test_each_form_makes_all_of_its_texts_visible_itself() -> None:
    view = hostile_view()
    text = view.student
    figures = views.TestFigures(text, text, text, False, 0, None)
    failure = view.exercises[0].tests[0].failure
    assert failure is not None
    line = WrongLine(Place(text, 2), text, Place(text, 1))
    shown = Shown(text, text, msgspec.structs.replace(failure, facts=(text,), wrong_line=line))
    group = Group(text, text, (text,), {}, True, "", 0, text, b"", True, (), shown, "", 1)
    groups = views.GroupsView(text, (views.GroupView(group, text, f"{text}."),), 1)
    whole = views.ClassView(1, 1, 0, 0, (), (figures,), ((text, text, text, 1),), (groups,), (view.marks,))
    pair = Pair(text, text, text, 1, 1, 5, ((text, True),), ((text, False),))
    pages = Pages()
    for form in (pages.student(view), pages.whole_class(whole), pages.similar([pair]), junit([view])):
        assert r"\x1b" in form and unseen_in(form) == set()
        form.encode()
    assert unseen_in_json(gradescope_results(view)) == set()
    assert unseen_in_json(groups_json([group])) == set()
    person = Person(text, text, text, text, text, text, text)
    marks = StudentMarks(person.label, (), 0, 0, 0, 1)
    assert unseen_in(grades_csv((), [person], [marks])) == set()
    row = RubricRow(person, "ch1_mini/essay", "", 4, 1, text, "")
    assert unseen_in(rubric_csv(Rubric((row,)))) == set()
