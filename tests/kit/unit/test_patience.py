"""When the rest of a file's tests is not run."""

from __future__ import annotations

from grader.protocol.results import Call, Failure, Frame, Place, TestResult, Verdict
from grader.tester.patience import Patience, Spent
from unit.fakes import result


def stuck(function: str = "softmax", file: str = "/tree/a.py", line: int = 12) -> TestResult:
    place = Place(file, line)
    failure = Failure("No answer.", frames=(Frame(place, function, ""),), place=place)
    return result("test_a", Verdict.TIMEOUT, failure=failure)


def stuck_in_call(name: str) -> TestResult:
    return result("test_a", Verdict.TIMEOUT, failure=Failure("No answer.", call=Call(name)))


def reason(*tests: TestResult, seconds: float = 1.0, total: float = 60.0, is_long: bool = False) -> str:
    patience = Patience(total)
    for test in tests:
        assert patience.reason is None, "a test was run after the end"
        patience.note(test, Spent(seconds), is_long)
    found = patience.reason
    return found.message if found is not None else ""


def test_twice_in_one_function_is_enough_on_whatever_line() -> None:
    assert reason(stuck(line=12), stuck(line=13)) == "Not run: two tests before it ran out of time in `softmax`."


def test_the_place_is_that_of_the_second() -> None:
    patience = Patience(60)
    for line in (12, 13):
        patience.note(stuck(line=line), Spent(1.0), is_long=False)
    found = patience.reason
    assert found is not None and found.place == Place("/tree/a.py", 13) and found.exhausted == "time"


def test_other_functions_and_other_files_are_other_places() -> None:
    assert reason(stuck("f"), stuck("g"), stuck("f", "/tree/b.py")) == ""
    assert reason(stuck("f"), stuck("g"), stuck("f")) == "Not run: two tests before it ran out of time in `f`."


def test_without_a_place_the_call_counts() -> None:
    assert reason(stuck_in_call("f"), stuck_in_call("g")) == ""
    assert reason(stuck_in_call("f"), stuck_in_call("f")) == "Not run: two tests before it ran out of time in `f`."


def test_what_failed_in_time_ends_nothing() -> None:
    assert reason(*[result("test_a", Verdict.FAILED)] * 50, seconds=0.1) == ""


def test_the_time_of_all_tests_is_used_up() -> None:
    passed = result("test_a")
    assert reason(*[passed] * 5, seconds=11.9) == ""
    assert reason(*[passed] * 5, seconds=12) == (
        "Not run: the tests before it used up the 60 s that all tests have together."
    )


def test_long_tests_count_apart() -> None:
    assert reason(*[result("test_a")] * 5, seconds=100, is_long=True) == ""


def test_forged_places_are_bounded_by_the_time_of_all() -> None:
    tests = [stuck(f"f{number}") for number in range(6)]
    assert reason(*tests, seconds=10) == "Not run: the tests before it used up the 60 s that all tests have together."


def test_an_answer_that_keeps_the_tester_busy_uses_up_the_time_too() -> None:
    for spent, enough in ((Spent(0, 30, 0), True), (Spent(0, 0, 300), True), (Spent(29, 29, 299), False)):
        patience = Patience(60)
        for _ in range(2):
            patience.note(result("test_a"), spent, is_long=False)
        assert (patience.reason is not None) == enough, spent
