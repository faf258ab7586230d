"""Which mistake is named, and above all when none is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from grader.protocol.results import Call, Failure, TestResult, Verdict
from grader.tester.diagnosis import Diagnosis, transcripts_match
from grader.tester.file_run import FileRun
from grader.tester.mutants import Seen
from grader.tester.transcript import NO_ANSWER, Entry, Transcript
from unit.fakes import JOB, mistake, result

WRONG = "The values are wrong."


def answered(value: Any, name: str = "f") -> Entry:
    return Entry(name, Call(name), value)


def unanswered(name: str = "f") -> Entry:
    return Entry(name, Call(name), raised=NO_ANSWER)


class FakeMutant:
    """Fails the tests that are given, with these entries. Remembers which ones it was asked for."""

    def __init__(self, name: str, failures: Mapping[str, Any], message: str = WRONG) -> None:
        self.mistake = mistake(name)
        self.failures = {
            test: found if isinstance(found, list) else [answered(found)] for test, found in failures.items()
        }
        self.message = message
        self.asked: list[str] = []

    def concerns(self, called: frozenset[str]) -> bool:
        return True

    def test(self, name: str, seconds: float) -> Seen | None:
        self.asked.append(name)
        found = self.failures.get(name)
        return None if found is None else Seen(found, lambda: self.message)


def run_of(
    failed: Mapping[str, Any], passed: Sequence[str] = (), results: Mapping[str, TestResult] | None = None
) -> FileRun:
    """A learner's run: in each failed test one call returned this value, or there were these entries."""
    found = {name: result(name, Verdict.FAILED) for name in failed} | {name: result(name) for name in passed}
    transcripts = {}
    for name in found:
        transcripts[name] = Transcript()
        entries = failed.get(name, 0.0)
        for entry in entries if isinstance(entries, list) else [answered(entries)]:
            transcripts[name].add(entry)
    return FileRun(JOB, tuple(found), {**found, **(results or {})}, transcripts)


def named(run: FileRun, *mutants: FakeMutant, long_tests: Sequence[str] = ()) -> dict[str, str]:
    return {test: found.name for test, found in Diagnosis(run, long_tests).mistakes(mutants).items()}


def test_one_that_explains_every_failure_is_named_for_each() -> None:
    run = run_of({"a": 1.0, "b": 2.0}, passed=["c"])
    right, other = FakeMutant("right", {"a": 1.0, "b": 2.0}), FakeMutant("other", {"a": 9.0, "b": 9.0})
    assert named(run, other, right) == {"a": "right", "b": "right"}


def test_values_agree_but_for_rounding() -> None:
    assert named(run_of({"a": 1.0}), FakeMutant("m", {"a": 1.0 + 1e-9})) == {"a": "m"}
    assert named(run_of({"a": 1.0}), FakeMutant("m", {"a": 1.01})) == {}


def test_ragged_lists_are_compared_by_what_they_hold() -> None:
    assert named(run_of({"a": [answered([[1, 2], [3]])]}), FakeMutant("m", {"a": [answered([[1, 2], [3]])]})) == {
        "a": "m"
    }
    assert named(run_of({"a": [answered([[1, 2], [3]])]}), FakeMutant("m", {"a": [answered([[9, 9], [9]])]})) == {}


def test_two_that_explain_everything_name_nothing() -> None:
    run = run_of({"a": 1.0})
    assert named(run, FakeMutant("one", {"a": 1.0}), FakeMutant("two", {"a": 1.0})) == {}


def test_two_faults_are_each_named_where_they_show() -> None:
    run = run_of({"a": 1.0, "b": 2.0, "c": 3.0, "d": 4.0}, passed=["e"])
    one, two = FakeMutant("one", {"a": 1.0, "b": 2.0}), FakeMutant("two", {"c": 3.0, "d": 4.0})
    assert named(run, one, two) == {"a": "one", "b": "one", "c": "two", "d": "two"}


def test_one_test_of_several_is_a_coincidence_unless_the_words_are_the_same() -> None:
    run = run_of({"a": 1.0, "b": 2.0})
    assert named(run, FakeMutant("m", {"a": 1.0}, "Other words.")) == {}
    assert named(run, FakeMutant("m", {"a": 1.0})) == {"a": "m"}


def test_of_two_the_one_that_explains_more_is_named() -> None:
    run = run_of({"a": 1.0, "b": 2.0, "c": 3.0, "d": 4.0})
    more, less = FakeMutant("more", {"a": 1.0, "b": 2.0, "c": 3.0}), FakeMutant("less", {"a": 1.0, "b": 2.0})
    assert named(run, less, more) == {"a": "more", "b": "more", "c": "more"}


def test_where_two_explain_the_same_in_part_it_is_left_open() -> None:
    run = run_of({"a": 1.0, "b": 2.0, "c": 3.0, "d": 4.0})
    one, two = FakeMutant("one", {"a": 1.0, "b": 2.0}), FakeMutant("two", {"b": 2.0, "c": 3.0})
    assert named(run, one, two) == {}


def test_one_that_fails_some_tests_in_another_way_is_not_named() -> None:
    run = run_of({"a": 1.0, "b": 2.0, "c": 3.0, "d": 4.0})
    assert named(run, FakeMutant("m", {"a": 1.0, "b": 2.0, "c": 3.0, "d": 9.0})) == {}


def test_a_value_that_tells_weighs_more_than_others_that_differ() -> None:
    """A second fault changes what two other tests see."""
    digits = [0.123, 0.456, 0.789, 0.321]
    run = run_of({"a": [answered(digits)], "b": [answered(digits)], "c": 3.0, "d": 4.0})
    assert named(run, FakeMutant("m", {"a": [answered(digits)], "b": [answered(digits)], "c": 9.0, "d": 9.0})) == {
        "a": "m",
        "b": "m",
    }


def test_one_that_would_fail_a_test_that_passed_is_not_named() -> None:
    run = run_of({"a": 1.0}, passed=["c"])
    assert named(run, FakeMutant("m", {"a": 1.0, "c": 0.0})) == {}


def test_with_one_that_explains_everything_the_others_are_asked_for_one_test_alone() -> None:
    run = run_of({"a": 1.0, "b": 2.0}, passed=["c"])
    other = FakeMutant("other", {"b": 2.0})
    assert named(run, other, FakeMutant("m", {"a": 1.0, "b": 2.0})) == {"a": "m", "b": "m"}
    assert len(other.asked) == 1


def test_nothing_failed_and_nothing_is_asked() -> None:
    mutant = FakeMutant("m", {"a": 1.0})
    assert named(run_of({}, passed=["a"]), mutant) == {}
    assert mutant.asked == []


def test_todo_and_error_are_not_explained() -> None:
    odd = {"a": result("a", Verdict.TODO), "b": result("b", Verdict.ERROR)}
    mutant = FakeMutant("m", {"a": 1.0, "b": 1.0})
    assert named(run_of({"a": 1.0, "b": 1.0}, results=odd), mutant) == {}
    assert mutant.asked == []


# -- slow tests ---------------------------------------------------------------------------------------------


def test_slow_and_long_tests_are_left_out_where_a_quick_one_failed() -> None:
    slow = {"slow": result("slow", Verdict.FAILED, seconds=4.0), "passed": result("passed", seconds=4.0)}
    run = run_of({"a": 1.0, "slow": 2.0, "long": 3.0}, passed=["passed", "long too"], results=slow)
    mutant = FakeMutant("m", {"a": 1.0, "slow": 9.0, "long": 9.0, "passed": 9.0, "long too": 9.0})
    assert named(run, mutant, long_tests=["long", "long too"]) == {"a": "m"}
    assert set(mutant.asked) == {"a"}


def test_slow_tests_are_used_where_nothing_else_failed() -> None:
    slow = {"slow": result("slow", Verdict.FAILED, seconds=4.0), "stuck": result("stuck", Verdict.TIMEOUT, seconds=9.0)}
    run = run_of({"slow": 1.0, "stuck": [unanswered()]}, results=slow)
    mutant = FakeMutant("m", {"slow": 1.0})
    assert named(run, mutant) == {"slow": "m"}
    assert set(mutant.asked) == {"slow"}


def test_the_quickest_failure_is_tried_first() -> None:
    timed = {"a": result("a", Verdict.FAILED, seconds=1.0), "b": result("b", Verdict.FAILED, seconds=0.01)}
    assert Diagnosis(run_of({"a": 1.0, "b": 2.0}, results=timed)).failed == ["b", "a"]
    assert Diagnosis(run_of({"b": 2.0, "a": 1.0})).failed == ["b", "a"]


# -- calls without an answer --------------------------------------------------------------------------------


def test_a_mutant_that_was_stopped_is_like_a_call_without_an_answer() -> None:
    stopped = Entry("f", Call("f"), raised=("MutantTimeout", "BaseException", "object"))
    stuck = {"a": result("a", Verdict.TIMEOUT, seconds=2.0)}
    run = run_of({"a": [unanswered()]}, results=stuck)
    assert named(run, FakeMutant("loop", {"a": [stopped]}, "No answer")) == {"a": "loop"}
    assert named(run, FakeMutant("raises", {"a": [Entry("f", Call("f"), raised=("ValueError",))]})) == {}
    assert named(run, FakeMutant("answers", {"a": [answered(1.0)]})) == {}
    only = run_of({"a": [unanswered()], "b": [unanswered()]}, results={**stuck, "b": result("b", Verdict.TIMEOUT)})
    assert Diagnosis(only).failed == ["b", "a"]


def test_of_several_tests_that_took_for_ever_one_is_enough() -> None:
    stuck = {name: result(name, Verdict.TIMEOUT, seconds=9.0) for name in "ab"}
    assert len(Diagnosis(run_of({"a": [unanswered()], "b": [unanswered()]}, results=stuck)).failed) == 1


@pytest.mark.parametrize(("words", "expected"), [("It ended.", {"a": "m"}), ("It raised.", {})])
def test_without_an_answer_the_words_must_agree_too(words: str, expected: dict[str, str]) -> None:
    ended = {"a": result("a", Verdict.FAILED, failure=Failure("It ended."))}
    run = run_of({"a": [unanswered()]}, results=ended)
    assert named(run, FakeMutant("m", {"a": [unanswered()]}, words)) == expected


def test_exceptions_agree_by_their_class_and_by_who_raises_them() -> None:
    def raised(*types: str, sign: str = "raise") -> list[Entry]:
        return [Entry("f", Call("f"), raised=types, sign=sign)]

    run = run_of({"a": raised("KeyError", "LookupError")})
    assert named(run, FakeMutant("m", {"a": raised("KeyError", "Other")}, "other words")) == {"a": "m"}
    assert named(run, FakeMutant("m", {"a": raised("IndexError", "LookupError")})) == {}
    assert named(run, FakeMutant("m", {"a": raised("KeyError", "LookupError", sign="3 5")})) == {}


# -- in doubt -----------------------------------------------------------------------------------------------


def test_out_of_time_nothing_is_named() -> None:
    run, mutant = run_of({"a": 1.0}), FakeMutant("m", {"a": 1.0})
    diagnosis = Diagnosis(run)
    diagnosis.deadline = 0.0
    assert diagnosis.mistakes([mutant]) == {}
    assert mutant.asked == []


def test_transcripts_agree_call_by_call() -> None:
    assert transcripts_match([], [])
    assert transcripts_match([answered(1.0), answered("x", "g")], [answered(1.0), answered("x", "g")])
    assert not transcripts_match([answered(1.0)], [answered(1.0), answered(1.0)])
    assert not transcripts_match([answered(1.0)], [answered(1.0, "g")])
    assert not transcripts_match([answered(None)], [Entry("f", Call("f"), raised=("ValueError",))])


def test_right_values_tell_nothing_of_a_mistake() -> None:
    """Two failures whose numbers are those of the right answer, and a mutant that fails a third test otherwise."""
    numbers = [0.1234, 0.5678, 0.9123, 0.4567]
    values = [answered(numbers), unanswered("g")]
    run = run_of({"a": values, "b": values, "c": 1.5})
    mutant = FakeMutant("m", {"a": values, "b": values, "c": 2.5})
    assert named(run, mutant) == {"a": "m", "b": "m"}
    known = Diagnosis(run, right=lambda name, seconds: [answered(numbers), answered(1.0, "g")])
    assert known.mistakes([mutant]) == {}
    others = Diagnosis(run, right=lambda name, seconds: [answered([0.1, 0.2, 0.3, 0.4]), answered(1.0, "g")])
    assert {test: found.name for test, found in others.mistakes([mutant]).items()} == {"a": "m", "b": "m"}


def test_of_two_with_the_same_values_the_words_of_the_tests_tell() -> None:
    run = run_of({"a": 1.0, "b": 2.0})
    same = FakeMutant("same", {"a": 1.0, "b": 2.0})
    other = FakeMutant("other", {"a": 1.0, "b": 2.0}, message="It is called twice.")
    assert named(run, other, same) == {"a": "same", "b": "same"}
    assert named(run, other, FakeMutant("third", {"a": 1.0, "b": 2.0}, message="It is never called.")) == {}
