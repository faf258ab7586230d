"""What comes out of scoring: pages, tables for other systems, a preview of a regrade, similar pairs, other machines."""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
import zipfile
from pathlib import Path

import pytest
from miniature import SOLUTION, SUITE, Kit
from running import PACKAGE, grader

from grader.render.pages.environment import prose
from grader.score.views import correlation

RIGHT = "def double(x):\n    return x + x\n\n\ndef halve(x):\n    return 0.5 * x\n"
SQUARED = (
    "def double(x):\n    print('<script>alert(1)</script>')\n    return x * x\n\n\ndef halve(x):\n    return x / 2\n"
)
LEAKY = "def double(x):\n    return 2 * x\n\n\ndef halve(x):\n    raise ValueError(f'SEEN {x.sum()} <b>')\n"
HIDDEN = SUITE.replace("def test_halve", "@pytest.mark.hidden\ndef test_halve").replace(
    '"""Double and halve."""', '"""Double and halve."""\n\nimport pytest\n'
)


@pytest.fixture
def people(kit: Kit, tmp_path: Path) -> Path:
    kit.layout.suite_file(kit.name).write_text(HIDDEN)
    folder = tmp_path / "class"
    for student, text in {"ada": RIGHT, "ben": SQUARED, "cy": LEAKY, "dan": RIGHT}.items():
        (folder / student).mkdir(parents=True)
        (folder / student / "scale.py").write_text(text)
    return folder


@pytest.fixture
def out(kit: Kit, people: Path) -> Path:
    done = grader(kit.layout.root, "score", str(people), "--out", "out", "--seed", "5")
    assert done.returncode == 0, done.stderr
    return kit.layout.root / "out"


def test_a_page_for_each_student_escapes_everything(out: Path) -> None:
    page = (out / "feedback" / "ben.html").read_text()
    assert "The elements are squared; each is to be doubled." in page
    assert "<script>" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "http" not in page.replace("http-equiv", "")


def test_backticks_are_code_and_markup_is_not() -> None:
    assert prose("`<b>` is `x`, not <b>x</b>") == "<code>&lt;b&gt;</code> is <code>x</code>, not &lt;b&gt;x&lt;/b&gt;"


def test_a_hidden_test_shows_its_name_and_sentence_alone(out: Path) -> None:
    for path in (out / "feedback" / "cy.html", out / "gradescope" / "cy" / "results.json", out / "junit.xml"):
        text = path.read_text()
        assert "SEEN" not in text
        assert "ValueError" not in text
    page = (out / "feedback" / "cy.html").read_text()
    assert "hidden: test_halve" in page
    assert "Every element comes back half as large." in page


def test_gradescopes_results(out: Path) -> None:
    document = json.loads((out / "gradescope" / "ben" / "results.json").read_text())
    assert document["score"] == 5
    assert [(t["status"], t["score"], t["max_score"]) for t in document["tests"]] == [
        ("failed", 0, 5),
        ("passed", 5, 5),
    ]
    output = document["tests"][0]["output"].splitlines()
    assert output[:3] == [
        "The elements are squared; each is to be doubled.",
        "The values are wrong.",
        "called    double(x: tensor float64 (3, 5))",
    ]
    assert output[3].split() == ["expected", "[0:3,", "0:4]", "actual"]
    assert [line.split()[0] for line in output[7:]] == ["wrong", "defined"]


def test_junit(out: Path) -> None:
    root = ET.parse(out / "junit.xml").getroot()
    suites = {suite.get("name"): (suite.get("tests"), suite.get("failures")) for suite in root}
    assert suites["ben: ch1_mini/scale"] == ("2", "1")
    assert suites["ada: ch1_mini/scale"] == ("2", "0")


def test_the_class_page(out: Path) -> None:
    page = (out / "class.html").read_text()
    assert "4 students; mean 7.5, median 7.5 of 10 points." in page
    assert "The elements are squared" in page
    assert "75 %" in page


def test_discrimination_is_a_correlation() -> None:
    assert correlation([1, 1, 0, 0], [4, 3, 1, 0]) == 0.949
    assert correlation([1, 1, 1], [1, 2, 3]) is None


def test_a_regrade_is_previewed_before_anything_is_overwritten(kit: Kit, people: Path, out: Path) -> None:
    before = (out / "grades.csv").read_bytes()
    suite = kit.layout.suite_file(kit.name)
    suite.write_text(
        HIDDEN.replace("expect.close(student.double(x), x + x)", "expect.shape(student.double(x), (3, 5))")
    )
    done = grader(kit.layout.root, "regrade", str(people), "--out", "out", "--preview")
    assert done.returncode == 0, done.stderr
    assert done.stdout == (
        "ben  ch1_mini/scale  5 → 10\n    test_double: failed → passed\n"
        "1 marks would change; `grader score` with the same --out applies it\n"
    )
    assert (out / "grades.csv").read_bytes() == before
    assert grader(kit.layout.root, "score", str(people), "--out", "out").returncode == 0
    assert '"ben",10' in (out / "grades.csv").read_text()


def test_similar_pairs_without_the_stub_and_with_an_archive(kit: Kit, people: Path, tmp_path: Path) -> None:
    work = "def double(x):\n    total = x\n    for _ in range(1):\n        total = total + x\n    return total\n"
    work += "\n\ndef halve(x):\n    pieces = [part / 2 for part in x]\n    return __import__('torch').stack(pieces)\n"
    (people / "ada" / "scale.py").write_text(work)
    (people / "dan" / "scale.py").write_text(work.replace("total", "result").replace("pieces", "rows"))
    archive = tmp_path / "last_year"
    (archive / "zoe").mkdir(parents=True)
    (archive / "zoe" / "scale.py").write_text(work)
    for student in ("ben", "cy"):
        (people / student / "scale.py").write_text(kit.file.read_text())
    done = grader(kit.layout.root, "similar", str(people), "--archive", str(archive), "--out", "pairs.html")
    assert done.returncode == 0, done.stderr
    pairs = {tuple(line.split("  ")[2:]) for line in done.stdout.splitlines()[:-1]}
    assert pairs == {("ada", "dan"), ("ada", "zoe (earlier)"), ("dan", "zoe (earlier)")}
    assert "<mark>" in (kit.layout.root / "pairs.html").read_text()


def test_a_file_that_is_costly_to_compare_is_left_out(kit: Kit, people: Path) -> None:
    """A hundred thousand lines alike would be compared each with each."""
    for student in ("ada", "dan"):
        (people / student / "scale.py").write_text("def double(x):\n" + "    x = x + x\n" * 100_000)
    done = grader(kit.layout.root, "similar", str(people), "--out", "pairs.html")
    assert done.returncode == 0, done.stderr
    assert "not compared, it takes too long: ada, ch1_mini/scale" in done.stdout


def test_gradescopes_archive_holds_the_kit_and_its_scripts(kit: Kit, tmp_path: Path) -> None:
    for name in ("pyproject.toml", "constraints.txt", "README.md"):
        (kit.layout.root / name).write_bytes((PACKAGE / name).read_bytes())
    path = tmp_path / "autograder.zip"
    done = grader(kit.layout.root, "export", "gradescope", "--out", str(path), "--only", "scale")
    assert done.returncode == 0, done.stderr
    with zipfile.ZipFile(path) as archive:
        names = set(archive.namelist())
        assert {"setup.sh", "run_autograder", "kit/tests/graded/ch1_mini/test_scale.py"} <= names
        assert b"--only ch1_mini/scale" in archive.read("run_autograder")


# -- interrupted, and on other machines ---------------------------------------------------------------


def rows(path: Path) -> list[tuple[object, ...]]:
    """What a journal holds, without what differs from run to run: the seconds."""
    found: list[tuple[object, ...]] = []
    with sqlite3.connect(path) as connection:
        query = """SELECT student, exercise, own, carried, o.result FROM items JOIN verdicts o ON o.digest = own
            ORDER BY student, exercise"""
        for student, exercise, own, carried, result in connection.execute(query):
            document = json.loads(result)
            document.pop("seconds")
            for test in document["tests"]:
                test.pop("seconds")
            found.append((student, exercise, own, carried, json.dumps(document, sort_keys=True)))
    return found


def command(
    kit: Kit, people: Path, out: str, *more: str, stderr: int = subprocess.DEVNULL, temporary: Path | None = None
) -> subprocess.Popen[bytes]:
    place = {} if temporary is None else {"TMPDIR": str(temporary)}
    return subprocess.Popen(
        [sys.executable, "-m", "grader", "score", str(people), "--out", out, "--seed", "5", *more],
        cwd=kit.layout.root,
        env={**os.environ, "PYTHONPATH": str(PACKAGE), **place},
        stdout=subprocess.DEVNULL,
        stderr=stderr,
        start_new_session=True,
    )


@pytest.fixture
def crowd(kit: Kit, tmp_path: Path) -> Path:
    folder = tmp_path / "crowd"
    for number in range(40):
        path = folder / f"student{number:02}" / "scale.py"
        path.parent.mkdir(parents=True)
        kinds = ["return x + x", "return x * x", "return None", "raise ValueError(str(x.shape))", "return x / 0"]
        wrong = kinds[number % len(kinds)]
        path.write_text(f"# {number}\ndef double(x):\n    {wrong}\n\n\ndef halve(x):\n    return x / 2\n")
    with zipfile.ZipFile(folder / "slow_to_read.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("scale.py", SOLUTION)
        for number in range(6000):
            archive.writestr(f"more/{number}/notes.txt", "x")
    return folder


def written(out: Path) -> dict[str, bytes]:
    """All that stands beside the journal."""
    files = [path for path in out.rglob("*") if path.is_file() and not path.name.startswith((".lock", "journal."))]
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in files}


def kill_and_go_on(kit: Kit, crowd: Path, kills: int, seed: int) -> None:
    whole = command(kit, crowd, "whole")
    assert whole.wait(300) == 0
    chance = random.Random(seed)
    temporary = crowd.parent / "temporary"
    temporary.mkdir()
    for number in range(kills):
        process = command(kit, crowd, "killed", temporary=temporary)
        time.sleep(chance.uniform(0.05, 4.0 if number % 2 else 2.0))  # while it reads, judges, and writes pages
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert command(kit, crowd, "killed", temporary=temporary).wait(300) == 0
    assert [path.name for path in temporary.iterdir() if path.name.startswith("grader-")] == []
    root = kit.layout.root
    assert rows(root / "killed" / "journal.sqlite") == rows(root / "whole" / "journal.sqlite")
    assert written(root / "killed") == written(root / "whole")
    assert len(written(root / "whole")) > 2 * 41


def test_kills_change_nothing(kit: Kit, crowd: Path) -> None:
    kill_and_go_on(kit, crowd, 4, seed=1)


def test_ctrl_c_says_that_nothing_is_lost(kit: Kit, crowd: Path) -> None:
    process = command(kit, crowd, "stopped", stderr=subprocess.PIPE)
    assert process.stderr is not None
    while not (kit.layout.root / "stopped" / "journal.sqlite").exists() or not rows_so_far(kit, "stopped"):
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    said = process.stderr.read().decode()
    assert process.wait(30) == 130
    assert "the same command goes on from there" in said
    assert "Traceback" not in said


def rows_so_far(kit: Kit, out: str) -> int:
    with sqlite3.connect(kit.layout.root / out / "journal.sqlite") as connection:
        found = connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'items'").fetchone()
        return int(found[0] and connection.execute("SELECT count(*) FROM items").fetchone()[0])


@pytest.mark.slow
@pytest.mark.timeout(3000)
@pytest.mark.skipif(not os.environ.get("KIT_SLOW"), reason="the full proof: KIT_SLOW=1 runs it")
def test_a_hundred_kills_change_nothing(kit: Kit, crowd: Path) -> None:
    kill_and_go_on(kit, crowd, 100, seed=2)


def test_dask_gives_the_same_and_outlives_a_worker(kit: Kit, crowd: Path) -> None:
    distributed = pytest.importorskip("distributed")
    environment = {**os.environ, "PYTHONPATH": str(PACKAGE), "PYTHONWARNINGS": "ignore"}
    with distributed.LocalCluster(
        n_workers=0, threads_per_worker=1, processes=True, dashboard_address=None, host="127.0.0.1"
    ) as cluster:
        address = cluster.scheduler_address
        arguments = [sys.executable, "-m", "distributed.cli.dask_worker", address, "--nthreads", "1", "--no-dashboard"]
        workers = [
            subprocess.Popen(
                [*arguments, "--no-nanny"], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
            for _ in range(2)
        ]
        try:
            process = command(kit, crowd, "remote", "--dask", address)
            time.sleep(8)
            workers[0].kill()
            assert process.wait(240) == 0
        finally:
            for worker in workers:
                worker.kill()
                worker.wait()
    assert command(kit, crowd, "local").wait(300) == 0
    root = kit.layout.root
    assert rows(root / "remote" / "journal.sqlite") == rows(root / "local" / "journal.sqlite")
    assert (root / "remote" / "grades.csv").read_bytes() == (root / "local" / "grades.csv").read_bytes()
