"""Answers of a class are put together by what crossed: rounding splits no group, another value does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.course.mutants import Mistake
from grader.errors import UsageError
from grader.protocol.groups import Group, read_groups
from grader.protocol.results import Call, ExerciseResult, Failure, SmallestCase, TestResult, Verdict
from grader.protocol.sketches import Sketch
from grader.render.groups import groups_json
from grader.score.groups import answer_of, groups_of, put_together
from grader.score.journal import Item
from grader.score.views import MOST_ALONE, groups_views
from grader.tester.sketch import sketch_of
from grader.tester.transcript import Entry, Transcript
from unit.fakes import mistake, result

EXERCISE = "ch1_mini/scale"
GUESS = Mistake("one-place-3", "Your code behaves like a right one but for one place.")


def sketch(*values: float) -> Sketch:
    found = Transcript()
    found.add(Entry("f", Call("f"), np.array(values)))
    return sketch_of(found, None, 5)


def failed(name: str, *values: float, **fields: Any) -> TestResult:
    return result(name, Verdict.FAILED, sketch=sketch(*values), **fields)


def run_of(*tests: TestResult, **fields: Any) -> ExerciseResult:
    worst = Verdict.FAILED if any(test.verdict is not Verdict.PASSED for test in tests) else Verdict.PASSED
    return ExerciseResult(EXERCISE, worst, tests, seed=5, **fields)


def item(student: str, *tests: TestResult) -> Item:
    return Item(student, EXERCISE, run_of(*tests))


def members(items: list[Item]) -> list[list[str]]:
    found = put_together(answer for one in items if (answer := answer_of(one)) is not None)
    return [[answer.student for answer in group] for group in found]


def kept(items: list[Item], files: dict[str, bytes] | None = None) -> tuple[Group, ...]:
    answers = [answer for one in items if (answer := answer_of(one)) is not None]
    given_files = {(student, EXERCISE): data for student, data in (files or {}).items()}
    return groups_of(answers, {EXERCISE: "scale"}, given_files, {EXERCISE: "ground"})


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 4), min_size=1, max_size=12), st.permutations(range(12)), st.integers(0, 2**32 - 1))
def test_equal_answers_are_together_in_any_order_whatever_the_rounding(
    kinds: list[int], order: list[int], noise: int
) -> None:
    rng = np.random.default_rng(noise)
    items = [
        item(f"s{number:02}", failed("test_a", *((kind + 0.5) * (1 + 1e-10 * rng.standard_normal(3)))))
        for number, kind in enumerate(kinds)
    ]
    wanted = sorted(
        ([f"s{number:02}" for number, kind in enumerate(kinds) if kind == one] for one in set(kinds)),
        key=lambda group: (-len(group), group[0]),
    )
    assert members(items) == wanted
    assert members([items[place] for place in order if place < len(items)]) == wanted


def test_whoever_is_like_one_of_a_group_belongs_to_it() -> None:
    """Rounding may lead from one to the next and on: the one in the middle joins them, whichever came first."""
    within = sketch(1.5).sums[0].within
    step = 0.7 * within / max(abs(total) for total in sketch(1.0).sums[0].sums)
    items = [item(name, failed("test_a", 1.5 + place * step)) for place, name in enumerate("abc")]
    assert members([items[0], items[2]]) == [["a"], ["c"]]
    assert members([items[0], items[2], items[1]]) == [["a", "b", "c"]]
    assert members(items) == [["a", "b", "c"]]


def test_who_fails_another_test_is_not_the_same() -> None:
    one, more = failed("test_a", 1.5), failed("test_b", 1.5)
    assert members([item("a", one), item("b", one, more), item("c", more)]) == [["a"], ["b"], ["c"]]


def test_what_a_listed_mistake_explains_is_left_out_and_what_a_guess_does_is_not() -> None:
    named, guessed = failed("test_a", 1.5, mistake=mistake("squared")), failed("test_a", 1.5, mistake=GUESS)
    assert members([item("a", named)]) == []
    assert members([item("a", guessed), item("b", failed("test_a", 1.5))]) == [["a", "b"]]
    assert members([item("a", named, failed("test_b", 2.5)), item("b", failed("test_b", 2.5))]) == [["a", "b"]]
    (group,) = kept([item("a", guessed), item("b", failed("test_a", 1.5))])
    assert (group.guess, group.guessed) == ("one-place-3", 1)
    (group,) = kept([item("a", guessed, failed("test_b", 2.5))])
    assert (group.guess, group.guessed, len(group.sketches)) == ("one-place-3", 1, 2)
    assert kept([item("a", failed("test_a", 1.5))])[0].guess == ""


def test_hidden_tests_count_only_where_no_public_one_failed() -> None:
    one, other = failed("test_h", 1.5, hidden=True), failed("test_h", 2.5, hidden=True)
    public = failed("test_a", 1.5)
    assert members([item("a", public, one), item("b", public, other)]) == [["a", "b"]]
    assert members([item("a", one), item("b", other), item("c", one)]) == [["a", "c"], ["b"]]
    assert [group.is_public for group in kept([item("a", public, one)])] == [True]
    assert [group.is_public for group in kept([item("a", one)])] == [False]
    assert members([item("a", failed("test_a", 1.5, mistake=mistake("squared")), one)]) == []


def test_right_answers_unrun_ones_and_stubs_are_in_no_group() -> None:
    unrun = result("test_a", Verdict.TIMEOUT)
    todo = result("test_a", Verdict.TODO)
    assert members([item("a", result("test_a")), item("b", unrun), item("c", todo), item("d")]) == []


def test_on_the_references_parts_a_fault_stands_alone() -> None:
    """What an earlier part does wrong is a fault of its own; the details are those of the student's own run."""
    own = run_of(failed("test_a", 9.5, failure=Failure("on mine")), failed("test_b", 9.5))
    carried = run_of(result("test_b"), failed("test_a", 1.5, failure=Failure("concealed")))
    both = Item("a", EXERCISE, own, carried)
    assert members([both, item("b", failed("test_a", 1.5))]) == [["a", "b"]]
    assert kept([both])[0].shown.failure.message == "on mine"
    assert members([Item("a", EXERCISE, own, run_of(result("test_a"), result("test_b")))]) == []


def test_the_names_go_by_size_and_the_shortest_file_stands_for_a_group() -> None:
    rare, often = failed("test_a", 1.5), failed("test_a", 2.5)
    items = [item("ada", rare), item("ben", often), item("cy", often), item("dan", often)]
    files = {"ada": b"a = 1\n", "ben": b"b = 1  # long\n", "cy": b"c = 1\n", "dan": b""}
    found = kept(items, files)
    assert [(group.name, group.members, group.student, group.file) for group in found] == [
        ("scale-1", ("ben", "cy", "dan"), "cy", b"c = 1\n"),
        ("scale-2", ("ada",), "ada", b"a = 1\n"),
    ]
    assert found == kept(items[::-1], files)


def test_who_made_a_listed_mistake_as_well_stands_for_no_group_with_others() -> None:
    two = [failed("test_a", 1.5), failed("test_b", 2.5, mistake=mistake("squared"))]
    items = [item("a", *two), item("b", failed("test_a", 1.5))]
    files = {"a": b"1", "b": b"longer"}
    assert [group.student for group in kept(items, files)] == ["b"]
    assert [group.student for group in kept(items[:1], files)] == ["a"]


def test_the_case_that_is_shown_is_the_one_to_check_by_hand() -> None:
    case = SmallestCase("f", (("x", "1"),), "2", "1")
    tests = [failed("test_a", 1.5), failed("test_b", 1.5, failure=Failure("wrong", smallest=case))]
    assert kept([item("a", *tests)])[0].shown.test == "test_b"
    assert kept([item("a", tests[0], failed("test_b", 1.5))])[0].shown.test == "test_a"


def test_of_answers_that_nobody_shares_the_first_few_are_shown() -> None:
    together = [item(f"t{n}", failed("test_a", 0.5)) for n in range(2)]
    alone = [item(f"s{n}", failed("test_a", n + 1.5)) for n in range(MOST_ALONE + 2)]
    (view,) = groups_views(kept([*together, *alone]), {})
    assert [len(shown.group.members) for shown in view.groups] == [2] + [1] * MOST_ALONE
    assert view.folded == 2


def test_a_guess_is_shown_with_its_lines() -> None:
    source = 'def double(x):\n    """Twice."""\n    # TODO: double.\n    return 2 * x\n'
    (view,) = groups_views(
        kept([item("a", failed("test_a", 1.5, mistake=msgspec.structs.replace(GUESS, name="one-place-0")))]),
        {EXERCISE: source},
    )
    (shown,) = view.groups
    assert shown.before == "    return 2 * x"
    assert shown.after not in ("", shown.before)


# -- the file -----------------------------------------------------------------------------------------


def test_what_is_kept_is_read_again(tmp_path: Path) -> None:
    groups = kept([item("a", failed("test_a", 1.5, mistake=GUESS)), item("b", failed("test_b", 1.5))], {"a": b"\xff"})
    path = tmp_path / "groups.json"
    path.write_text(groups_json(groups))
    assert read_groups(path) == groups


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b'{"format": "0", "groups": []}', "was written by another version of the grader"),
        (b'{"groups": 7}', "was written by another version of the grader"),
        (b'{"format": "1", "groups": 7}', "is no list of groups of this grader: Expected `array`, got `int`"),
        (b"[]", "is no list of groups of this grader"),
        (b"\xff", "is no list of groups of this grader"),
        (None, "cannot be read: No such file or directory"),
    ],
)
def test_a_file_that_is_none_of_ours_is_named(tmp_path: Path, data: bytes | None, says: str) -> None:
    path = tmp_path / "groups.json"
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(UsageError, match=r"groups\.json") as caught:
        read_groups(path)
    assert says in caught.value.message
    assert "`grader score`" in (caught.value.hint or "")
