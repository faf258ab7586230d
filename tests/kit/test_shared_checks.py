"""What several suites import from the folder above their chapters: it is judged with, released, and remembered."""

from __future__ import annotations

import pytest
from miniature import SUITE, Kit
from running import grader

from grader.memory import Memory
from grader.results import Verdict
from grader.score.collecting import Submission
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
    (kit.house.graded / "checks.py").write_text(CHECKS)
    kit.house.suite_file(kit.name).write_text(USING)
    kit.write("return x + x")
    return kit


def test_a_suite_judges_with_it(sharing: Kit) -> None:
    assert sharing.judge().verdict is Verdict.PASSED
    sharing.write("return x**3")
    assert [test.verdict for test in sharing.judge().tests] == [Verdict.FAILED, Verdict.PASSED]


def test_a_verdict_is_not_reused_after_a_change_of_it(sharing: Kit) -> None:
    submission = Submission("ann", {sharing.name: sharing.file.read_bytes()})

    def marks() -> tuple[str, str]:
        exercise = sharing.curriculum.get(sharing.name)
        work = make_work(sharing.house, sharing.curriculum, submission, exercise, 1, "none", False)
        return Memory(sharing.house, sharing.curriculum).fingerprint(exercise), work.digest

    before, again = marks(), marks()
    (sharing.house.graded / "checks.py").write_text(CHECKS.replace("x + x", "2 * x"))
    after = marks()
    assert before == again
    assert before[0] != after[0]
    assert before[1] != after[1]


def test_the_learners_kit_has_it_and_the_bans(sharing: Kit) -> None:
    chapter = sharing.house.chapter_file("ch1_mini")
    chapter.write_text(chapter.read_text() + 'bans = ["products"]\n')
    sharing.house.bans_file.write_text('[products]\nnames = ["torch.mul"]\ninstead = "use the operator"\n')
    out = sharing.house.root / "out"
    done = grader(sharing.house.root, "release", "--out", str(out))
    assert done.returncode == 0, done.stderr
    assert (out / "tests/graded/checks.py").read_text() == CHECKS
    assert (out / "tests/graded/bans.toml").read_bytes() == sharing.house.bans_file.read_bytes()
