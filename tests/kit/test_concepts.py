"""Questions are marked through hashes alone, and their explanations open only with all the right answers."""

import ast
import json
import re
from pathlib import Path

import msgspec
import pytest

from grader.course import concepts, seals
from grader.course.concepts import Answers, derive_answers, explanations, explanations_for, normalized
from grader.course.stubs import derive_stub
from grader.errors import ContentError
from grader.protocol.results import Verdict
from grader.tester.failures import SuiteFailure
from grader.tester.questions import NotAnswered, check_answer

ROOT = Path(__file__).resolve().parents[2]
SOLUTION = '''"""# Three questions"""

# Q1. Which letter comes second?
#   A. alpha
#   B. beta
Q1 = "B"  # TODO: A or B

# Q2. How many legs has a spider?
Q2 = 8  # TODO: a whole number

# Q3. Which is a vowel?
Q3 = "C"  # TODO: A, B, C or D

_EXPLANATIONS = {"Q1": "Beta comes after alpha.", "Q2": "Eight: it is no insect, says the fügsame Naturkunde.",
                 "Q3": "Only that one."}

_IDEAS = {"Q1": {"A": "That one comes first."}, "Q2": {6: "That is an insect."},
          "Q3": {"A": "The first idea.", "B": "The second   idea.", "D": "The fourth idea."}}
'''


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seals, "HASH_ROUNDS", 10)
    monkeypatch.setattr(seals, "SEAL_ROUNDS", 10)


@pytest.fixture
def answers() -> Answers:
    return msgspec.json.decode(derive_answers("ch0", "concepts.py", SOLUTION), type=Answers)


@pytest.mark.parametrize("given", ["B", "b", " B ", "b)", "(B)", "B."])
def test_a_right_answer_passes_however_it_is_written(answers: Answers, given: object) -> None:
    check_answer(answers, "Q1", given)


@pytest.mark.parametrize("given", [8, 8.0, "8", " 8 "])
def test_numbers_may_be_answers(answers: Answers, given: object) -> None:
    check_answer(answers, "Q2", given)


@pytest.mark.parametrize(("name", "given"), [("Q1", "A"), ("Q2", 6), ("Q2", "six"), ("Q3", "D"), ("Q3", "a")])
def test_a_wrong_answer_fails_and_the_message_keeps_the_right_one(answers: Answers, name: str, given: object) -> None:
    with pytest.raises(SuiteFailure) as raised:
        check_answer(answers, name, given)
    failure = raised.value.failure
    right = {"Q1": "B", "Q2": "8", "Q3": "C"}[name]
    assert raised.value.verdict is Verdict.FAILED
    assert right not in failure.message.split()
    assert right not in failure.actual
    assert str(normalized(given)) in failure.message
    assert name in failure.message


@pytest.mark.parametrize(
    ("name", "given", "idea"),
    [
        ("Q1", "a)", "That one comes first."),
        ("Q2", 6.0, "That is an insect."),
        ("Q3", "B", "The second idea."),
        ("Q3", "d", "The fourth idea."),
    ],
)
def test_a_wrong_answer_is_told_the_idea_behind_it_and_no_other(
    answers: Answers, name: str, given: object, idea: str
) -> None:
    with pytest.raises(SuiteFailure) as raised:
        check_answer(answers, name, given)
    assert raised.value.failure.message == f"{name}: {normalized(given)} is not the right answer. {idea}"


def test_a_number_that_nobody_thought_of_is_told_that_it_is_wrong(answers: Answers) -> None:
    with pytest.raises(SuiteFailure) as raised:
        check_answer(answers, "Q2", 7)
    assert raised.value.failure.message == "Q2: 7 is not the right answer."


def test_the_ideas_do_not_tell_which_choice_is_right(answers: Answers) -> None:
    """There is one for each choice, all of the same length, and their order is not the letters'."""
    for name, letters in (("Q1", 2), ("Q3", 4)):
        assert len(answers.questions[name].ideas) == letters
    ideas = [idea for question in answers.questions.values() for idea in question.ideas]
    assert len({len(idea.text) for idea in ideas}) == 1
    macs = [idea.mac for idea in answers.questions["Q3"].ideas]
    assert macs == sorted(macs)
    assert answers.questions["Q3"].idea_behind("C") == ""


def test_no_answer_is_still_to_do(answers: Answers) -> None:
    with pytest.raises(NotAnswered) as raised:
        check_answer(answers, "Q1", None)
    assert raised.value.verdict is Verdict.TODO
    assert "A or B" in raised.value.failure.message


@pytest.mark.parametrize("given", ["E", "AB", "", 1, True, ["B"], {"B"}, object(), float("nan"), float("inf")])
def test_what_is_no_choice_is_told_the_choices(answers: Answers, given: object) -> None:
    with pytest.raises(SuiteFailure) as raised:
        check_answer(answers, "Q3", given)
    assert "A, B, C or D" in raised.value.failure.message


def test_the_file_is_the_same_each_time() -> None:
    assert derive_answers("ch0", "x", SOLUTION) == derive_answers("ch0", "x", SOLUTION)


def test_equal_answers_look_different() -> None:
    source = SOLUTION.replace('Q3 = "C"', 'Q3 = "B"').replace('"B": "The second', '"C": "The second')
    found = json.loads(derive_answers("ch0", "x", source))["questions"]
    assert found["Q1"]["hash"] != found["Q3"]["hash"]
    elsewhere = json.loads(derive_answers("ch1", "x", source))["questions"]
    assert found["Q1"]["hash"] != elsewhere["Q1"]["hash"]


def test_nothing_in_the_file_tells_an_answer_or_an_explanation() -> None:
    text = derive_answers("ch0", "x", SOLUTION)
    for word in ("alpha", "insect", "vowel", "Beta", "idea.", "first"):
        assert word not in text
    assert set(json.loads(text)["questions"]["Q2"]) == {"choices", "salt", "hash", "ideas"}


def test_the_explanations_open_with_all_right_answers(answers: Answers) -> None:
    opened = explanations({"Q1": " b", "Q2": 8, "Q3": "C"}, answers.explanations)
    assert opened == {
        "Q1": "Beta comes after alpha.",
        "Q2": "Eight: it is no insect, says the fügsame Naturkunde.",
        "Q3": "Only that one.",
    }


@pytest.mark.parametrize(
    "given",
    [
        {"Q1": "A", "Q2": 8, "Q3": "C"},
        {"Q1": "B", "Q2": 8},
        {"Q1": "B", "Q2": 8, "Q3": None},
        {"Q1": "B", "Q2": 8, "Q3": ["C"]},
        {},
    ],
)
def test_the_explanations_stay_closed_otherwise(answers: Answers, given: dict[str, object]) -> None:
    assert explanations(given, answers.explanations) is None


def test_explanations_that_were_tampered_with_stay_closed(answers: Answers) -> None:
    text = answers.explanations.text
    other = msgspec.structs.replace(answers.explanations, text=("B" if text[0] == "A" else "A") + text[1:])
    assert explanations({"Q1": "B", "Q2": 8, "Q3": "C"}, other) is None


def test_a_learners_file_is_read_and_not_run(tmp_path: Path) -> None:
    suite = tmp_path / "test_concepts.py"
    (tmp_path / "concepts.answers.json").write_text(derive_answers("ch0", "x", SOLUTION), encoding="utf-8")
    file = tmp_path / "concepts.py"
    file.write_text('raise SystemExit\nQ1 = "b"\nQ2 = 8\nQ3 = "C"\nx = print(1)\n', encoding="utf-8")
    found = explanations_for(suite, file)
    assert found is not None and found["Q3"] == "Only that one."
    file.write_text('Q1 = "b"\nQ2 = 8\n', encoding="utf-8")
    assert explanations_for(suite, file) is None
    file.write_text("Q1 = (", encoding="utf-8")
    assert explanations_for(suite, file) is None
    assert explanations_for(suite, tmp_path / "none.py") is None


@pytest.mark.parametrize(
    ("find", "replace", "key"),
    [
        ('Q1 = "B"  # TODO: A or B', 'Q1 = "C"  # TODO: A or B', "Q1"),
        ('Q1 = "B"  # TODO: A or B', 'Q1 = "B"', "Q1"),
        ('Q1 = "B"', "Q1 = None", "Q1"),
        ("Q2 = 8", "Q4 = 8", "Q1, Q2"),
        ('"Q3": "Only that one."', "", "_EXPLANATIONS"),
        ("_EXPLANATIONS", "_OTHERS", "_EXPLANATIONS"),
        ("_IDEAS", "_OTHERS", "_IDEAS['Q1']"),
        ('{"A": "That one comes first."}', '["That one comes first."]', "_IDEAS"),
        ('"A": "The first idea.", ', "", "_IDEAS['Q3']"),
        ('"A": "The first idea."', '"A": ""', "_IDEAS['Q3']"),
        ('"A": "The first idea."', '"A": "The first idea.", "C": "It is right."', "_IDEAS['Q3']"),
        ('{6: "That is an insect."}', '{8.0: "That is right."}', "_IDEAS['Q2']"),
        ('"Q2": {6', '"Q4": {6', "_IDEAS"),
    ],
)
def test_a_solution_that_is_incomplete_is_named(find: str, replace: str, key: str) -> None:
    with pytest.raises(ContentError) as raised:
        derive_answers("ch0", "solutions/ch0/concepts.py", SOLUTION.replace(find, replace))
    assert key in raised.value.key
    assert "solutions/ch0/concepts.py" in raised.value.message


@pytest.mark.parametrize("content", [None, "", "{}", "[1]", '{"questions": 3}', "\udcff"])
def test_a_missing_or_broken_file_of_answers_is_named(tmp_path: Path, content: str) -> None:
    if content is not None:
        (tmp_path / "concepts.answers.json").write_bytes(content.encode(errors="surrogateescape"))
    with pytest.raises(ContentError) as raised:
        Answers.beside(tmp_path / "test_concepts.py")
    assert "concepts.answers.json" in raised.value.message
    assert "grader dev sync" in raised.value.message


def test_the_stub_holds_the_questions_and_nothing_that_answers_them() -> None:
    stub = derive_stub(SOLUTION)
    assert "Q1 = None  # TODO: A or B" in stub
    assert "Q2 = None" in stub
    assert "#   B. beta" in stub
    assert "EXPLANATIONS" not in stub
    assert "IDEAS" not in stub
    assert "insect" not in stub


# -- the real ones ------------------------------------------------------------------------------------------

CHAPTERS = sorted(path.parent.name for path in (ROOT / "solutions").glob("*/concepts.py"))


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_the_committed_answers_mark_the_committed_solution(chapter: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    suite = ROOT / "tests" / "graded" / chapter / "test_concepts.py"
    solution = ROOT / "solutions" / chapter / "concepts.py"
    answers = Answers.beside(suite)
    given = {name: value for name, value, _ in concepts._constants(ast.parse(solution.read_text(encoding="utf-8")))}
    for name in answers.questions:
        check_answer(answers, name, given[name])
    found = explanations_for(suite, solution)
    assert found is not None and found.keys() == answers.questions.keys()
    assert explanations_for(suite, ROOT / "exercises" / chapter / "concepts.py") is None


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_each_letter_is_right_at_least_once_and_none_nearly_always(chapter: str) -> None:
    source = (ROOT / "solutions" / chapter / "concepts.py").read_text(encoding="utf-8")
    given, _, _ = concepts._read_solution(chapter, source)
    letters = [answer for answer, choices in given.values() if choices]
    if len(letters) >= 6:
        assert max(letters.count(letter) for letter in letters) <= len(letters) // 2


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_each_wrong_choice_of_the_course_is_told_its_own_idea(chapter: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is one line, and neither the other choices nor the right one are named in it."""
    monkeypatch.undo()
    suite = ROOT / "tests" / "graded" / chapter / "test_concepts.py"
    source = (ROOT / "solutions" / chapter / "concepts.py").read_text(encoding="utf-8")
    given, _, ideas = concepts._read_solution(chapter, source)
    answers = Answers.beside(suite)
    told = set()
    for name, (answer, choices) in given.items():
        for wrong in sorted({*choices} - {answer}):
            remark = answers.remark(name, wrong)
            assert remark is not None
            before, _, idea = remark.message.partition(" is not the right answer. ")
            assert (before, idea) == (f"{name}: {wrong}", ideas[name][wrong])
            assert 30 < len(idea) <= 130
            assert not re.search(r"\b[B-D]\b(?!\.)|\b(choice|right answer)\b", idea), idea
            told.add(idea)
    assert len(told) == sum(len(choices) - 1 for _, choices in given.values())
