"""Time is bounded: for a test, for an exercise, for what rests on one that ran out of it."""

from __future__ import annotations

import html
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest
from miniature import CHAPTER, SECOND, Kit
from running import PACKAGE, grader

from grader.course.curriculum import load_curriculum
from grader.errors import ContentError
from grader.judge.job_builder import build_job
from grader.protocol.results import ExerciseResult
from grader.score.journal import Item, Journal

RIGHT = "def double(x):\n    return x + x\n\n\ndef halve(x):\n    return 0.5 * x\n"
TWICE = "from ch1_mini.scale import double\n\n\ndef quadruple(x):\n    return double(double(x))\n"
MORE_TESTS = "".join(
    f'''

def test_double_{number}(student, draw, expect):
    """Of {number} as well."""
    x = draw.normal({number}, 5)
    expect.close(student.double(x), x + x)
'''
    for number in range(1, 9)
)
LONG = '''

@pytest.mark.limit(300)
def test_at_length(student, draw, expect):
    """At length."""
    x = draw.normal(4, 5)
    expect.close(student.double(x), x + x)
'''


@pytest.fixture
def many(course: Kit) -> Kit:
    """Nine short tests of `double`, one of `halve`, and a long one; a second of time for each, six for all."""
    suite = course.layout.suite_file(course.name)
    suite.write_text("import pytest\n" + suite.read_text() + MORE_TESTS + LONG)
    chapter = course.layout.chapter_file("ch1_mini")
    text = chapter.read_text().replace("time_limit = 2", "time_limit = 1\ntotal_time_limit = 6", 1)
    chapter.write_text(text.replace("[twice]\n", "[twice]\ntime_limit = 1\n"))
    course.sync()
    return course


def verdicts(result: ExerciseResult) -> dict[str, int]:
    names = [str(test.verdict) for test in result.tests]
    return {name: names.count(name) for name in sorted(set(names))}


def messages(result: ExerciseResult) -> list[str]:
    return [test.failure.message for test in result.tests if test.failure is not None]


def test_after_two_in_one_place_the_rest_is_not_run(many: Kit) -> None:
    many.write("while True:\n    pass")
    started = time.monotonic()
    result = many.judge()
    assert time.monotonic() - started < 20
    assert result.verdict == "timeout"
    said = messages(result)
    assert sum(text.startswith("No answer within 1 seconds") for text in said) == 2
    rest = [text for text in said if text.startswith("Not run")]
    assert set(rest) == {"Not run: two tests before it ran out of time in `double`."}
    assert len(rest) >= 8
    places = {
        (test.failure.place.file, test.failure.place.line)
        for test in result.tests
        if test.failure and test.failure.place
    }
    assert {file for file, _ in places} == {"exercises/ch1_mini/scale.py"}


def test_one_slow_test_stops_nothing(many: Kit) -> None:
    many.write("if x.shape[0] == 3:\n    while True:\n        pass\nreturn 2 * x")  # `test_double`, and `test_double_3`
    many.layout.suite_file(many.name).write_text(
        many.layout.suite_file(many.name).read_text().replace("draw.normal(3, 5)", "draw.normal(13, 5)", 1)
    )
    assert verdicts(many.judge()) == {"passed": 10, "timeout": 1}


def test_slow_everywhere_uses_up_what_all_tests_have(many: Kit) -> None:
    """Each test within its own limit: 0.9 of a second's work, ten times."""
    many.write("import time\nend = time.process_time() + 0.9\nwhile time.process_time() < end:\n    pass\nreturn 2 * x")
    result = many.judge()
    assert verdicts(result)["passed"] in (6, 7, 8)  # the one of `halve` costs nothing
    assert messages(result)[-1] == "Not run: the tests before it used up the 6 s that all tests have together."


def test_an_honest_answer_hits_nothing(many: Kit) -> None:
    many.write("return x + x")
    assert verdicts(many.judge()) == {"passed": 11}


@pytest.mark.parametrize(
    "body",
    [
        "import time\ntime.sleep(1e9)",
        "found = []\nwhile True:\n    found.append(len(found))",
        "found = []\nwhile True:\n    found.append(bytearray(10**6))",
        "return double(x)",
        "import os\nos.kill(os.getpid(), 9)",
    ],
    ids=["sleep", "numbers", "bytes", "recursion", "killed"],
)
def test_what_eats_time_or_memory_ends_early(many: Kit, body: str) -> None:
    many.write(body)
    before = sum(resource.getrusage(resource.RUSAGE_SELF)[:2])
    started = time.monotonic()
    result = many.judge()
    assert result.verdict in ("failed", "timeout") and result.points < 2
    assert time.monotonic() - started < 30
    assert sum(resource.getrusage(resource.RUSAGE_SELF)[:2]) - before < 5  # the command itself only waits


def test_what_the_test_itself_goes_through_for_ever_is_bounded(many: Kit) -> None:
    """The answer is so long that the test does not come to its end: the tester's own time."""
    suite = many.layout.suite_file(many.name)
    loops = "".join(
        f'\n\ndef test_{n}(student):\n    """Length {n}."""\n    sum(1 for _ in range(student.length({n})))\n'
        for n in range(4)
    )
    suite.write_text('"""Long."""\n' + loops)
    length = "def length(x):\n    return 10**15\n"
    many.define(length)
    many.file.write_text(length)
    job = build_job(many.layout, many.curriculum.get(many.name), seed=1)
    started = time.monotonic()
    result = many.judge_job(msgspec.structs.replace(job, limits=msgspec.structs.replace(job.limits, own_seconds=0.5)))
    assert time.monotonic() - started < 60
    assert verdicts(result) == {"timeout": 4}
    assert sum(text.startswith("Not run") for text in messages(result)) == 2


def test_the_mistakes_of_a_hang_are_looked_for_briefly(many: Kit) -> None:
    """A listed mistake that hangs too is named, and does not take long to be found."""
    mistakes = many.layout.mistakes_file(many.name)
    loop = (
        '\n[[mistake]]\nname = "loops"\nfind = "return 2 * x"\nreplace = "while True: pass"\nsays = "It never ends."\n'
    )
    mistakes.write_text(mistakes.read_text() + loop)
    many.write("while True:\n    pass")
    started = time.monotonic()
    result = many.judge()
    assert time.monotonic() - started < 30
    assert [mistake.name for mistake in result.mistakes] == ["loops"]


# -- limits -----------------------------------------------------------------------------------------------


def test_the_limits_are_shown(many: Kit) -> None:
    assert "time limit: 1 s a test, 6 s in all" in grader(many.layout.root, "show", "scale").stdout
    assert "time limit: 1 s a test, 60 s in all" in grader(many.layout.root, "show", "twice").stdout
    assert "time limit" not in grader(many.layout.root, "show", "essay").stdout


@pytest.mark.parametrize(("limit", "total"), [(1, 60), (10, 60), (20, 120), (60, 360)])
def test_the_total_is_six_tests_and_a_minute_at_least(course: Kit, limit: int, total: int) -> None:
    course.layout.chapter_file("ch1_mini").write_text(CHAPTER.replace("time_limit = 2", f"time_limit = {limit}"))
    exercise = load_curriculum(course.layout).get(course.name)
    assert exercise.total_time_limit == total
    assert build_job(course.layout, exercise).limits.total_seconds == total


def test_a_total_below_one_tests_limit_is_refused(course: Kit) -> None:
    text = CHAPTER.replace("time_limit = 2", "time_limit = 2\ntotal_time_limit = 1") + SECOND
    course.layout.chapter_file("ch1_mini").write_text(text)
    with pytest.raises(ContentError, match=r"\[scale\] total_time_limit: a number of at least 2"):
        load_curriculum(course.layout)


# -- a class ----------------------------------------------------------------------------------------------

HANGS = RIGHT.replace("return x + x", "while True:\n        pass")
SLOWLY_EATS = RIGHT.replace("return x + x", "found = []\n    while True:\n        found.append(bytearray(10**7))")


def scored(course: Kit, people: Path, *options: str, **files: str) -> tuple[dict[str, Item], str]:
    for name, text in files.items():
        path = people / "ada" / "ch1_mini" / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    out = course.layout.root / "results"
    done = grader(course.layout.root, "score", str(people), "--out", str(out), "--seed", "5", *options)
    assert done.returncode == 0, done.stderr
    journal = Journal(out / "journal.sqlite")
    items = {item.exercise.split("/")[1]: item for item in journal.items()}
    journal.close()
    return items, (out / "feedback" / "ada.html").read_text()


def test_what_rests_on_a_hang_is_judged_on_the_references_parts_at_once(many: Kit, people: Path) -> None:
    items, page = scored(many, people, scale=HANGS, twice=TWICE)
    twice = items["twice"]
    assert (twice.own.verdict, twice.own.blocked_by, twice.own.tests) == ("blocked", ("ch1_mini/scale",), ())
    assert twice.carried is not None and twice.carried.points == 5
    assert items["scale"].carried is None
    assert twice.own.problem is not None
    assert twice.own.problem.message == "Not run on your own ch1_mini/scale: it ran out of time."
    assert "Not run on your own ch1_mini/scale: it ran out of time. Judged on the reference's" in html.unescape(page)
    assert '<td class="number">not run</td>' in page


def test_one_of_it_that_fails_says_why_there_is_no_more(many: Kit, people: Path) -> None:
    items, page = scored(many, people, scale=HANGS, twice=TWICE.replace("double(double(x))", "double(x)"))
    assert items["twice"].counted.points == 0
    assert "Not run on your own ch1_mini/scale: it ran out of time." in page
    gradescope = (many.layout.root / "results" / "gradescope" / "ada" / "results.json").read_text()
    (output,) = [
        test["output"] for test in json.loads(gradescope)["tests"] if test["name"].startswith("ch1_mini/twice")
    ]
    assert "Not run on your own ch1_mini/scale: it ran out of time. On the reference's it does not pass" in output


def test_memory_that_runs_out_is_told_as_such(many: Kit, people: Path) -> None:
    items, _ = scored(many, people, scale=SLOWLY_EATS, twice=TWICE)
    own = items["twice"].own
    assert own.problem is not None
    assert own.problem.message == "Not run on your own ch1_mini/scale: it ran out of memory."


def test_a_second_run_knows_what_was_not_run(many: Kit, people: Path) -> None:
    before, _ = scored(many, people, scale=HANGS, twice=TWICE)
    started = time.monotonic()
    after, _ = scored(many, people)
    assert after == before
    assert time.monotonic() - started < 5  # nothing was judged
    mended, _ = scored(many, people, scale=RIGHT)
    assert mended["twice"].own.verdict == "passed" and mended["twice"].carried is None


def test_a_run_that_was_stopped_in_between_goes_on_as_it_would_have(many: Kit, people: Path) -> None:
    scored(many, people, "--only", "scale", scale=HANGS)
    items, _ = scored(many, people, "--only", "scale", "--only", "twice", twice=TWICE)
    assert items["twice"].own.verdict == "blocked"


def test_without_carrying_forward_it_is_run(many: Kit, people: Path) -> None:
    items, _ = scored(many, people, "--no-carry-forward", scale=HANGS, twice=TWICE)
    assert items["twice"].own.verdict == "timeout" and items["twice"].carried is None


def test_an_own_hang_on_right_parts_is_judged_once(many: Kit, people: Path) -> None:
    items, _ = scored(
        many, people, scale=RIGHT + "\n", twice=TWICE.replace("return", "while True:\n        double(x)\n    return")
    )
    assert items["twice"].own.verdict == "timeout"
    assert items["twice"].carried is None


def test_a_loop_that_a_wrong_part_keeps_going_is_judged_again(many: Kit, people: Path) -> None:
    """`double` is wrong and answers; the loop here ends with a right one."""
    wrong = RIGHT.replace("return x + x", "return x - x")
    loop = TWICE.replace(
        "    return double(double(x))",
        "    y = x\n    while (y - 4 * x).abs().max() > 0.001:\n        y = double(double(x))\n    return y",
    )
    items, _ = scored(many, people, scale=wrong, twice=loop)
    twice = items["twice"]
    assert twice.own.verdict == "timeout"
    assert twice.carried is not None and twice.carried.points == 5


def test_a_hang_of_a_part_that_is_not_scored_is_learnt_from_what_rests_on_it(course: Kit, people: Path) -> None:
    """Of three exercises on one part the last is judged on the reference's at once; the second is under way by then."""
    names = ("twice", "thrice", "again")
    tables = "".join(SECOND.replace("[twice]", f"[{name}]") for name in names)
    chapter = (CHAPTER + tables).replace("points = 5", "points = 5\ntime_limit = 1")
    course.layout.chapter_file("ch1_mini").write_text(chapter)
    for path in (course.layout.solution_file, course.layout.suite_file):
        for name in names[1:]:
            path(f"ch1_mini/{name}").write_text(path("ch1_mini/twice").read_text())
    course.sync()
    items, _ = scored(course, people, "--workers", "1", *(f"--only={name}" for name in names),
                      scale=HANGS, twice=TWICE, thrice=TWICE + "\n", again=TWICE)  # fmt: skip
    assert [str(items[name].own.verdict) for name in names] == ["timeout", "timeout", "blocked"]
    assert all(item.carried is not None and item.carried.points == 5 for item in items.values())


def test_a_part_that_passed_is_not_said_to_have_run_out(many: Kit, people: Path) -> None:
    """It is called for ever, and so it is where the clock finds the code: the caller's loop is the reason."""
    slow = RIGHT.replace("return x + x", "for _ in range(10**4):\n        pass\n    return x + x")
    items, page = scored(
        many, people, scale=slow, twice=TWICE.replace("return", "while True:\n        double(x)\n    return")
    )
    assert items["scale"].own.verdict == "passed"
    assert items["twice"].own.verdict == "timeout" and items["twice"].carried is None
    assert "it ran out of time" not in page


def test_a_hang_costs_little_more_than_two_tests(many: Kit, people: Path) -> None:
    """Of the whole process tree, over all that rests on it."""

    def processor_seconds(text: str, name: str) -> float:
        folder = people / name / "ada" / "ch1_mini"
        folder.mkdir(parents=True)
        for file, content in (("scale", text), ("twice", TWICE)):
            (folder / f"{file}.py").write_text(content)
        before = sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2])
        command = [sys.executable, "-m", "grader", "score", str(people / name), "--out", str(people / f"{name}-out")]
        env = {**os.environ, "PYTHONPATH": str(PACKAGE)}
        subprocess.run(command, cwd=many.layout.root, env=env, check=True, capture_output=True)
        return sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2]) - before

    assert processor_seconds(HANGS, "hangs") - processor_seconds(RIGHT, "right") < 6  # twice a second, and mutants
