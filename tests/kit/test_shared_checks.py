"""What several suites import from the folder above their chapters: it is judged with, released, and remembered."""

from __future__ import annotations

import pytest
from miniature import SUITE, Kit
from running import grader

from grader.learner.progress import ProgressStore
from grader.protocol.results import Verdict
from grader.score.intake.people import Person
from grader.score.intake.submission import Submission
from grader.score.work import make_work

CHECKS = '''"""What suites share."""


def check_twice(expect, came, x):
    expect.close(came, x + x)
'''
USING = SUITE.replace("expect.close(student.double(x), x + x)", "check_twice(expect, student.double(x), x)").replace(
    '"""Double and halve."""\n', '"""Double and halve."""\n\nfrom checks import check_twice\n', 1
)


@pytest.fixture
def sharing(kit: Kit) -> Kit:
    (kit.layout.graded / "checks.py").write_text(CHECKS)
    kit.layout.suite_file(kit.name).write_text(USING)
    kit.write("return x + x")
    return kit


def test_a_suite_judges_with_it(sharing: Kit) -> None:
    assert sharing.judge().verdict is Verdict.PASSED
    sharing.write("return x**3")
    assert [test.verdict for test in sharing.judge().tests] == [Verdict.FAILED, Verdict.PASSED]


def test_a_verdict_is_not_reused_after_a_change_of_it(sharing: Kit) -> None:
    submission = Submission(Person("ann", "ann"), {sharing.name: sharing.file.read_bytes()})

    def marks() -> tuple[str, str]:
        exercise = sharing.curriculum.get(sharing.name)
        work = make_work(sharing.layout, sharing.curriculum, submission, exercise, 1, "none", False)
        return ProgressStore(sharing.layout, sharing.curriculum).fingerprint(exercise), work.digest

    before, again = marks(), marks()
    (sharing.layout.graded / "checks.py").write_text(CHECKS.replace("x + x", "2 * x"))
    after = marks()
    assert before == again
    assert before[0] != after[0]
    assert before[1] != after[1]


def test_the_learners_kit_has_it_and_the_bans(sharing: Kit) -> None:
    chapter = sharing.layout.chapter_file("ch1_mini")
    chapter.write_text(chapter.read_text() + 'bans = ["products"]\n')
    sharing.layout.bans_file.write_text('[products]\nnames = ["torch.mul"]\ninstead = "use the operator"\n')
    out = sharing.layout.root / "out"
    done = grader(sharing.layout.root, "release", "--out", str(out))
    assert done.returncode == 0, done.stderr
    assert (out / "tests/graded/checks.py").read_text() == CHECKS
    assert (out / "tests/graded/bans.toml").read_bytes() == sharing.layout.bans_file.read_bytes()


def test_what_only_hidden_tests_use_of_it_stays_at_home(sharing: Kit) -> None:
    """The kit held the whole body of a hidden test, in a helper."""
    secret = "\n\ndef check_thrice(expect, actual, x):\n    expect.close(actual, x + x + x)\n"
    (sharing.layout.graded / "checks.py").write_text(CHECKS + secret)
    hidden = '\n\n@pytest.mark.hidden\ndef test_thrice(student, draw, expect):\n    """Three."""\n'
    hidden += "    check_thrice(expect, student.double(draw.normal(2)) * 1.5, draw.normal(2))\n"
    suite = USING.replace(
        "from checks import check_twice", "import pytest\nfrom checks import check_thrice, check_twice"
    )
    sharing.layout.suite_file(sharing.name).write_text(suite + hidden)
    out = sharing.layout.root / "out"
    done = grader(sharing.layout.root, "release", "--out", str(out))
    assert done.returncode == 0, done.stderr
    assert (out / "tests/graded/checks.py").read_text() == CHECKS
    assert "check_thrice" not in "".join(path.read_text() for path in (out / "tests").rglob("*.py"))
