"""A person's answer is read in every usual way of writing it, and what is near the right one is not it."""

from __future__ import annotations

import pytest

from grader.course.predictions import Question, Wrong
from grader.learner.answer_reading import numbers_of
from grader.learner.predicting import Marked, Outcome, mark


def asked(answer: str, *choices: str, wrong: tuple[Wrong, ...] = ()) -> Question:
    return Question("What comes?", "0", answer, "Because.", choices=choices, wrong=wrong)


RIGHT = {
    "0.33": ["0.33", "0,33", ".33", "1/3", "0.3333", "33 %", "33%", "about 0.33", "~ 0.33", "= 1/3", "3.3e-1"],
    "12": ["12", "12.0", "3*4", "3 · 4", "3×4", "3 x 4", "(2 + 4) * 2", "12 parameters", "+12"],
    "10000": ["10000", "10 000", "10,000", "10'000", "10_000", "1e4", "10^4", "10**4"],
    "2.08": ["2.08", "ln 8", "ln(8)", "log(8)", "3 ln(2)".replace(" ln", "*ln"), "math.log(8)", "2,079"],
    "-0.5": ["-0.5", "−0.5", "-1/2", "- 0.5"],
    "1.41": ["√2", "sqrt(2)", "sqrt 2", "2**0.5", "1.414"],
    "1e-8": ["1e-8", "10^-8", "0.00000001"],
    "inf": ["inf", "∞", "infinity"],
    "(2, 3, 4)": ["(2, 3, 4)", "2 3 4", "[2,3,4]", "torch.Size([2, 3, 4])", "2x3x4", "2 × 3 × 4", "2, 3, 4",
                  "2 by 3 by 4", "shape = (2, 3, 4)", "(2,3,4,)", "(2, 3, 2*2)"],
    "(5,)": ["(5,)", "5", "[5]", "torch.Size([5])"],
    "()": ["()", "[]", "scalar", "torch.Size([])"],
    "[0.5, 0.25]": ["[0.5, 0.25]", "0.5 0.25", "0,5 0,25", "0,5; 0,25", "0,5, 0,25", "1/2, 1/4", "(0.5, 0.25)",
                    "tensor([0.5000, 0.2500])", "[1/2 1/4]", "50% 25%"],
    "[[1, 0], [0, 1]]": ["[[1, 0], [0, 1]]", "1 0 0 1", "[[1 0] [0 1]]", "[1, 0], [0, 1]", "((1,0),(0,1))"],
    "[]": ["[]", "empty", "nothing"],
    "True": ["True", "true", "yes", "y", "T"],
    "False": ["False", "no", "n", "F"],
    "[True, False, False]": ["[True, False, False]", "T F F", "TFF", "1 0 0", "yes, no, no", "True False False"],
    "'nab'": ["nab", "'nab'", '"nab"', " nab ", "`nab`"],
    "['a', 'bc']": ["['a', 'bc']", "a bc", "a, bc", "[a, bc]", '("a", "bc")'],
}  # fmt: skip


@pytest.mark.parametrize(("answer", "text"), [(answer, text) for answer, texts in RIGHT.items() for text in texts])
def test_every_usual_form_is_right(answer: str, text: str) -> None:
    assert mark(asked(answer), text).outcome is Outcome.RIGHT


WRONG = {
    "0.33": ["0.34", "0.32", "0.3", "1/4", "-0.33", "33", "3.3"],
    "12": ["12.1", "11", "1,2", "-12", "120"],
    "10000": ["10", "1000", "10 0000"],
    "(2, 3, 4)": ["(2, 4, 3)", "(2, 3)", "2 3 4 1", "234", "24", "(2, 3, 4.5)"],
    "(5,)": ["(5, 1)", "6", "()"],
    "()": ["1", "(1,)"],
    "[0.5, 0.25]": ["[0.25, 0.5]", "0.5", "[0.5, 0.26]", "[5, 25]"],
    "[True, False, False]": ["True", "F T T", "TF", "T F F F"],
    "True": ["False", "no", "0"],
    "'nab'": ["NAB", "na", "nabs"],
    "['a', 'bc']": ["['bc', 'a']", "abc", "a b c"],
    "[]": ["[0]", "0"],
}


@pytest.mark.parametrize(("answer", "text"), [(answer, text) for answer, texts in WRONG.items() for text in texts])
def test_what_is_near_is_wrong(answer: str, text: str) -> None:
    question = asked(answer)
    assert mark(question, text).outcome in (Outcome.WRONG, Outcome.UNREADABLE)
    assert mark(question, answer).outcome is Outcome.RIGHT


UNREADABLE = {
    "0.33": ["dunno", "a third", "0.33 or 0.34", "nan", "1/0", "9**9**9", "__import__('os')", "()", "9" * 500],
    "(2, 3)": ["two by three", "who knows", "(2, x)"],
    "True": ["maybe", "2", "True or False"],
    "[True, False]": ["T ?", "on off"],
}


@pytest.mark.parametrize(("answer", "text"), [(answer, text) for answer, texts in UNREADABLE.items() for text in texts])
def test_what_is_no_answer_is_neither_right_nor_wrong(answer: str, text: str) -> None:
    assert mark(asked(answer), text).outcome is Outcome.UNREADABLE


@pytest.mark.parametrize("text", ["grows", "Grows", "a", "A", "a)", "gro", "'grows'"])
def test_a_choice_is_named_by_its_word_or_letter(text: str) -> None:
    question = asked("grows", "grows", "shrinks", "stays the same", "sinks")
    assert mark(question, text).outcome is Outcome.RIGHT
    assert mark(question, "b").outcome is Outcome.WRONG
    for nothing in ("s", "e", "grown", "x", "growshrinks"):
        assert mark(question, nothing).outcome is Outcome.UNREADABLE


def test_a_choice_that_is_a_letter_is_meant_by_itself() -> None:
    question = asked("b", "b", "a")
    assert mark(question, "b").outcome is Outcome.RIGHT
    assert mark(question, "a").outcome is Outcome.WRONG


def test_the_idea_behind_a_wrong_answer_is_told() -> None:
    question = asked("[2, 0]", wrong=(Wrong("[3, 1]", "Counted from 1."), Wrong("[0, 2]", "Turned round.")))
    assert mark(question, "(3, 1)") == Marked(Outcome.WRONG, "Counted from 1.")
    assert mark(question, "0 2") == Marked(Outcome.WRONG, "Turned round.")
    assert mark(question, "7 7") == Marked(Outcome.WRONG)


def test_how_many_values_came_is_told_where_it_is_certain() -> None:
    assert mark(asked("(2, 3)"), "2 3 4").sizes == 3
    assert mark(asked("(2, 3, 4)"), "(2,3)").sizes == 2  # no size is 2,3
    assert mark(asked("(2, 3)"), "3 2").sizes is None
    assert mark(asked("[0.5, 0.25]"), "0,5 0,25 1").sizes is None  # three numbers or five


@pytest.mark.parametrize(
    "text", ["(" * 300, "-" * 300 + "1", "1+" * 150 + "1", "\0", "1" * 399, "√" * 200, "a" * 399, "[" * 399]
)
def test_no_text_is_too_odd_to_be_looked_at(text: str) -> None:
    for answer in ("0.5", "(2, 3)", "True", "'nab'", "['a', 'b']"):
        assert mark(asked(answer), text).outcome is not Outcome.RIGHT


def test_nothing_of_an_answer_is_run(recwarn: pytest.WarningsRecorder) -> None:
    for text in (
        "print(1)",
        "(lambda: 1)()",
        "[1][0]",
        "1 if True else 2",
        "sqrt(sqrt)",
        "a.b",
        "1 .real",
        "'1'",
        "1or 2",
        r"'\d'",
    ):
        assert numbers_of(text) == set()
    assert mark(asked("['a', 'b']"), r"['\d']").outcome is Outcome.WRONG
    assert [str(warning.message) for warning in recwarn] == []  # Python warns of odd literals, on the learner's screen
