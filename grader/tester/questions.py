"""Answers to questions, marked in a suite."""

from __future__ import annotations

from grader.course.concepts import Answers
from grader.protocol.results import Failure, Verdict
from grader.tester.failures import SuiteFailure


class NotAnswered(SuiteFailure):
    """The constant is still None."""

    verdict = Verdict.TODO


def check_answer(answers: Answers, name: str, answer: object) -> None:
    """Return if the answer to the question of this name is right, or fail with what is to be said of it."""
    remark = answers.remark(name, answer)
    if remark is not None:
        failure = Failure(remark.message, actual=remark.given, advice=remark.advice)
        raise (NotAnswered if remark.still_to_do else SuiteFailure)(failure)
