"""The questions of an exercise that a learner answers before coding: on values and shapes, each with its answer."""

from __future__ import annotations

import ast
import math
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

import msgspec

from grader.course.curriculum import read_toml
from grader.course.layout import Layout
from grader.errors import ContentError

FEWEST, MOST = 3, 5
HALF = Decimal("0.5")


class Kind(StrEnum):
    """What is asked for."""

    NUMBER = "number"
    TRUTH = "truth"
    SHAPE = "shape"
    LIST = "list"
    TEXT = "text"
    CHOICE = "choice"


@dataclass(frozen=True)
class Quantity:
    """A number as it is written in an answer: `0.33` stands for all that is rounded to it, `12` for itself alone."""

    value: float
    slack: float = 0.0
    decimals: int = 0

    def holds(self, given: float) -> bool:
        """Whether a number is this one, as far as it was asked for."""
        if self.slack == 0.0 or not math.isfinite(self.value):
            return given == self.value
        return abs(given - self.value) <= self.slack * (1 + 1e-6)


Leaf = Quantity | bool | str


@dataclass(frozen=True)
class Answer:
    """An answer, its values in order; of lists in a list all that is in them. Its kind says how they are read."""

    kind: Kind
    leaves: tuple[Leaf, ...]


class Wrong(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An answer that people give, and one line on the idea behind it."""

    answer: str
    why: str


class Question(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One question. `given` is shown below it and runs before `code`, whose value is the answer.

    The answer is a literal of Python, or one of the `choices` where there are any.
    """

    ask: str
    code: str
    answer: str
    why: str
    given: str = ""
    choices: tuple[str, ...] = ()
    wrong: tuple[Wrong, ...] = ()

    @property
    def right(self) -> Answer:
        return self.read(self.answer)

    def read(self, literal: str) -> Answer:
        """An answer as an author writes it. A `ValueError` says what was expected."""
        if not self.choices:
            return _read_literal(literal)
        if literal not in self.choices:
            raise ValueError(f"one of the choices was expected, not {literal!r}")
        return Answer(Kind.CHOICE, (literal,))


def has_questions(layout: Layout, exercise: str) -> bool:
    """Whether there is anything to predict; nothing is read."""
    return layout.predictions_file(exercise).exists()


def read_questions(layout: Layout, exercise: str) -> tuple[Question, ...]:
    """The questions of the exercise, none where it has no file. What is wrong in it is named by key and number."""
    path = layout.predictions_file(exercise)
    if not path.exists():
        return ()
    display_path = layout.display_path(path)
    document = read_toml(path, display_path)
    tables = document.pop("question", [])
    if document:
        raise ContentError(display_path, next(iter(document)), "nothing but [[question]] tables was expected")
    try:
        questions = msgspec.convert(tables, tuple[Question, ...])
    except msgspec.ValidationError as error:
        raise ContentError(display_path, "[[question]]", str(error)) from None
    if not FEWEST <= len(questions) <= MOST:
        told = f"{FEWEST} to {MOST} questions were expected, and there are {len(questions)}"
        raise ContentError(display_path, "[[question]]", told)
    for number, question in enumerate(questions, 1):
        _check(display_path, f"[[question]] {number}", question)
    if len({question.ask for question in questions}) < len(questions):
        raise ContentError(display_path, "ask", "each question was expected once")
    return questions


def _check(display_path: str, key: str, question: Question) -> None:
    for name in ("ask", "code", "answer", "why"):
        if not getattr(question, name).strip():
            raise ContentError(display_path, f"{key}: {name}", "a text was expected")
    try:
        ast.parse(f"{question.given}\n{question.code}")
    except SyntaxError as error:
        raise ContentError(display_path, f"{key}: code", f"valid Python was expected: {error}") from None
    try:
        right = question.right
    except ValueError as error:
        raise ContentError(display_path, f"{key}: answer", str(error)) from None
    for place, item in enumerate(question.wrong, 1):
        _check_wrong(display_path, f"{key}: wrong {place}", question, right, item)


def _check_wrong(display_path: str, key: str, question: Question, right: Answer, item: Wrong) -> None:
    if not item.why.strip():
        raise ContentError(display_path, key, "`why` was expected to tell the idea behind the answer")
    try:
        wrong = question.read(item.answer)
    except ValueError as error:
        raise ContentError(display_path, key, str(error)) from None
    if wrong == right:
        raise ContentError(display_path, key, f"an answer other than the right one was expected, not {item.answer}")
    if {type(leaf) for leaf in wrong.leaves + right.leaves} != {type(leaf) for leaf in right.leaves}:
        raise ContentError(display_path, key, f"an answer of the right one's kind was expected, not {item.answer}")


def _read_literal(literal: str) -> Answer:
    try:
        tree = ast.parse(literal.strip(), mode="eval").body
    except SyntaxError:
        raise ValueError(f"a literal of Python was expected, not {literal!r}") from None
    leaves = tuple(_leaves(tree, literal.strip()))
    kinds = {type(leaf) for leaf in leaves}
    if len(kinds) > 1:
        raise ValueError(f"values of one kind were expected, not {literal!r}")
    if isinstance(tree, ast.List | ast.Tuple):
        sizes = all(isinstance(leaf, Quantity) and leaf.decimals == 0 for leaf in leaves)
        return Answer(Kind.SHAPE if isinstance(tree, ast.Tuple) and sizes else Kind.LIST, leaves)
    return Answer({Quantity: Kind.NUMBER, bool: Kind.TRUTH, str: Kind.TEXT}[kinds.pop()], leaves)


def _leaves(node: ast.expr, literal: str) -> list[Leaf]:
    if isinstance(node, ast.List | ast.Tuple):
        return [leaf for item in node.elts for leaf in _leaves(item, literal)]
    if isinstance(node, ast.Constant) and isinstance(node.value, bool | str):
        return [node.value]
    text = ast.get_source_segment(literal, node) or ""
    try:
        return [_quantity(text)]
    except ArithmeticError:
        raise ValueError(f"numbers, True, False, texts or lists of these were expected, not {text!r}") from None


def _quantity(text: str) -> Quantity:
    number = Decimal(text.replace(" ", ""))
    exponent = number.as_tuple().exponent
    if not isinstance(exponent, int):  # of infinity it is a letter
        return Quantity(float(number))
    if exponent >= 0 and "e" not in text.lower():
        return Quantity(float(number))
    return Quantity(float(number), float(HALF.scaleb(exponent)), max(0, -exponent))
