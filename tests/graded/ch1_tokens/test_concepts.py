"""The questions, marked by the hashes of their right answers."""

import pytest

from grader.course.concepts import Answers
from grader.tester.questions import check_answer

ANSWERS = Answers.beside(__file__)


@pytest.mark.parametrize("question", ANSWERS.questions)
def test_the_answer_is_right(student, question):
    """The answer is the right one."""
    check_answer(ANSWERS, question, getattr(student, question))
