"""Which edits of a solution are taken for a group: those that do what it does, and nothing else."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType

import msgspec
import pytest
from miniature import Kit

from grader.author import group_proof
from grader.author.group_proof import prove_group
from grader.errors import UsageError
from grader.protocol.groups import Group, Shown
from grader.protocol.jobs import Job
from grader.protocol.results import Call, ExerciseResult, Failure, Verdict
from grader.protocol.sketches import Sketch
from unit.fakes import result

SOLUTION = '''"""# A layer"""


class Layer:
    """Two steps."""

    def first(self, x):
        """One."""
        # TODO: one.
        return x + 1

    def second(self, x):
        """Two."""
        # TODO: two.
        return x + 2


def third(x):
    """Three."""
    # TODO: three.
    return x + 3
'''
THEIRS = SOLUTION.replace("x + 1", "x - 1").replace("x + 2", "x - 2")
FAULTS = {"test_first": "x - 1", "test_second": "x - 2", "test_third": "x - 3"}


class FakeJudge:
    """Fails the tests whose fault stands in the file. Counts what it judged."""

    tier = "linux-full"
    judged = 0

    def __init__(self, *_: object) -> None:
        type(self).judged = 0

    def __enter__(self) -> FakeJudge:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        pass

    def judge(self, job: Job) -> ExerciseResult:
        type(self).judged += 1
        text = Path(job.learner.file).read_text()
        tests = tuple(
            result(name, Verdict.FAILED, sketch=Sketch(fault)) if fault in text else result(name)
            for name, fault in FAULTS.items()
        )
        return ExerciseResult(job.exercise, Verdict.FAILED, tests)


class NoSandbox(FakeJudge):
    tier = "none"


@pytest.fixture
def layered(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> Kit:
    monkeypatch.setattr(group_proof, "Judge", FakeJudge)
    kit.layout.solution_file(kit.name).write_text(SOLUTION)
    return kit


def group(*tests: str, file: str = THEIRS, called: str = "third", failed: tuple[str, ...] = ()) -> Group:
    shown = Shown(tests[0], "", Failure("", call=Call(called)))
    sketches = {name: Sketch(FAULTS[name]) for name in tests}
    all_failed = (*tests, *failed)
    data = file.encode()
    return Group(
        "scale-1", Kit.name, ("ada",), sketches, True, "", 0, "ada", data, not failed, all_failed, shown, "", 1
    )  # fmt: skip


def proved(kit: Kit, found: Group) -> list[str]:
    """What stands in the solution for the group."""
    done = prove_group(kit.layout, kit.curriculum, kit.curriculum.get(kit.name), found)
    return [edit.replace.strip() for edit in done.candidate.edits]


def test_all_that_a_class_does_is_taken_where_the_group_does_it(layered: Kit) -> None:
    assert proved(layered, group("test_first", "test_second", called="Layer.first")) == ["return x - 1", "return x - 2"]
    assert FakeJudge.judged == 1  # where the fault was seen is tried first


def test_a_fault_beside_the_groups_is_left_out(layered: Kit) -> None:
    assert proved(layered, group("test_second", failed=("test_first",))) == ["return x - 2"]


def test_two_functions_are_taken_where_it_needs_both(layered: Kit) -> None:
    file = SOLUTION.replace("x + 1", "x - 1").replace("x + 3", "x - 3")
    assert proved(layered, group("test_first", "test_third", file=file)) == ["return x - 1", "return x - 3"]


def test_where_the_faults_are_one_edit_nothing_is_taken_and_the_reason_is_told(layered: Kit) -> None:
    file = SOLUTION.replace("x + 1", "x - 1 if x - 3 else 0")
    with pytest.raises(UsageError) as caught:
        proved(layered, group("test_first", file=file, failed=("test_third",)))
    reason = "`Layer` of ada: it fails test_third as well, for a mistake that is listed already"
    assert reason in caught.value.message
    with pytest.raises(UsageError, match="it fails test_third as well, which they pass"):
        proved(layered, group("test_first", file=file))


def test_beside_a_listed_mistake_most_tests_will_do(layered: Kit) -> None:
    """That one changes what crosses in some of them; where the mistake is alone, nothing may differ."""
    found = group("test_first", "test_second", called="Layer.first", failed=("test_third",))
    other = {**found.sketches, "test_both": Sketch("of both faults")}
    assert proved(layered, msgspec.structs.replace(found, sketches=other)) == ["return x - 1", "return x - 2"]
    with pytest.raises(UsageError, match="`Layer` of ada: it passes test_both"):
        proved(layered, msgspec.structs.replace(found, sketches=other, is_alone=True))
    with pytest.raises(UsageError, match="`Layer` of ada: it passes test_both"):
        few = {"test_first": found.sketches["test_first"], "test_both": Sketch("of both faults")}
        proved(layered, msgspec.structs.replace(found, sketches=few))


def test_without_a_sandbox_no_code_of_theirs_is_run(layered: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(group_proof, "Judge", NoSandbox)
    with pytest.raises(UsageError, match="no sandbox works on this machine, and their code is not to be trusted"):
        proved(layered, group("test_first"))
    assert NoSandbox.judged == 0
