"""Every answer of `grader predict` is what the solution gives, is taken as right, and the wrong ones are not."""

from __future__ import annotations

import ast
import importlib
import math
import re
import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch
from running import PACKAGE

from grader.course.curriculum import load_curriculum
from grader.course.layout import Layout
from grader.course.predictions import Quantity, Question, read_questions
from grader.learner.predicting import Outcome, mark

LAYOUT = Layout(PACKAGE)
EXERCISES = [item.name for item in load_curriculum(LAYOUT).graded if item.short != "concepts"]
QUESTIONS = [
    pytest.param(name, question, id=f"{name}-{number}")
    for name in EXERCISES
    for number, question in enumerate(read_questions(LAYOUT, name), 1)
]


@pytest.fixture(scope="module", autouse=True)
def path_to_the_solutions() -> Iterator[None]:
    """They import one another from their own tree; nothing of it stays behind for other tests."""
    before, threads = set(sys.modules), torch.get_num_threads()
    torch.set_num_threads(1)
    sys.path.insert(0, str(LAYOUT.solutions))
    yield
    torch.set_num_threads(threads)
    sys.path.remove(str(LAYOUT.solutions))
    for name in [name for name in sys.modules if re.match(r"ch\d+_", name) and name not in before]:
        del sys.modules[name]


def raised(call: Callable[[], object]) -> str:
    """The name of what a call raises, and `nothing` where it returns: for questions on refusals."""
    try:
        call()
    except Exception as error:
        return type(error).__name__
    return "nothing"


def value_of(exercise: str, question: Question) -> Any:
    """What the question's code gives in the solution's own module."""
    module = importlib.import_module(exercise.replace("/", "."))
    space = {**vars(module), "torch": torch, "np": np, "math": math, "raised": raised}
    torch.manual_seed(0)
    tree = ast.parse(f"{question.given.strip()}\n{question.code.strip()}")
    last = tree.body.pop()
    assert isinstance(last, ast.Expr), "the last line of `code` is an expression, whose value is the answer"
    exec(compile(tree, "<given>", "exec"), space)
    return eval(compile(ast.Expression(last.value), "<code>", "eval"), space)


def flat(value: Any) -> list[Any]:
    return [leaf for item in value for leaf in flat(item)] if isinstance(value, list | tuple) else [value]


@pytest.mark.parametrize("name", EXERCISES)
def test_every_exercise_has_questions_and_a_wrong_answer(name: str) -> None:
    questions = read_questions(LAYOUT, name)
    assert questions, f"{LAYOUT.display_path(LAYOUT.predictions_file(name))} is missing"
    assert any(question.wrong for question in questions), "no wrong answer with the idea behind it"


@pytest.mark.parametrize(("exercise", "question"), QUESTIONS)
def test_the_solution_gives_the_answer(exercise: str, question: Question) -> None:
    value = value_of(exercise, question)
    leaves, values = question.right.leaves, flat(value)
    shown = f"{question.answer} is said, and the solution gives {value}"
    if not question.choices:
        assert isinstance(value, list | tuple) == question.answer.startswith(("[", "(")), shown
    assert len(leaves) == len(values), shown
    for leaf, one in zip(leaves, values, strict=True):
        if isinstance(leaf, Quantity):
            assert type(one) in (int, float), shown
            assert leaf.holds(one), shown
        else:
            assert type(one) is type(leaf), shown
            assert one == leaf, shown


@pytest.mark.parametrize(("exercise", "question"), QUESTIONS)
def test_the_answers_are_marked_as_they_are_meant(exercise: str, question: Question) -> None:
    assert mark(question, question.answer).outcome is Outcome.RIGHT
    for item in question.wrong:
        marked = mark(question, item.answer)
        assert (marked.outcome, marked.idea) == (Outcome.WRONG, item.why)
