"""What is said of a learner's answer to a question: right, wrong and why, or in no form that can be read."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from string import ascii_lowercase

from grader.course.predictions import Answer, Kind, Quantity, Question
from grader.learner.answer_reading import MAX_LENGTH, number_lists_of, numbers_of, plain_text, texts_of, truths_of

EMPTY = ("[]", "()", "{}", "empty", "nothing", "none", "scalar", "torch.size([])")


class Outcome(StrEnum):
    """What becomes of an answer."""

    RIGHT = "right"
    WRONG = "wrong"
    UNREADABLE = "unreadable"


@dataclass(frozen=True)
class Marked:
    """An answer's mark. `idea` is what lies behind a wrong one that many give, `sizes` how many values came."""

    outcome: Outcome
    idea: str = ""
    sizes: int | None = None


def mark(question: Question, text: str) -> Marked:
    """The mark of an answer as a person types it."""
    right = question.right
    found = _is(right, question, text)
    if found is None:
        return Marked(Outcome.UNREADABLE)
    if found:
        return Marked(Outcome.RIGHT)
    for item in question.wrong:
        if _is(question.read(item.answer), question, text):
            return Marked(Outcome.WRONG, item.why)
    sizes = _sizes(right, text)
    return Marked(Outcome.WRONG, sizes=None if sizes == len(right.leaves) else sizes)


def letter_of(place: int) -> str:
    """The letter by which a choice may be named."""
    return ascii_lowercase[place]


def _is(answer: Answer, question: Question, text: str) -> bool | None:
    """Whether a text is this answer. None where it is none of its kind."""
    text = text.strip()
    if len(text) > MAX_LENGTH:
        return None
    if answer.kind is Kind.CHOICE:
        chosen = _chosen(question.choices, text)
        return None if chosen is None else chosen == answer.leaves[0]
    if answer.kind is Kind.TEXT:
        return plain_text(text) == answer.leaves[0]
    if answer.kind is Kind.NUMBER:
        numbers = numbers_of(text)
        return any(_holds(answer, (number,)) for number in numbers) if numbers else None
    if not answer.leaves or text.casefold() in EMPTY:
        return (text.casefold() in EMPTY) is (not answer.leaves)
    if isinstance(answer.leaves[0], Quantity):
        readings = list(number_lists_of(text))
        return any(_holds(answer, reading) for reading in readings) if readings else None
    if isinstance(answer.leaves[0], bool):
        truths = truths_of(text)
        return None if truths is None else truths == answer.leaves
    return texts_of(text) == answer.leaves


def _holds(answer: Answer, numbers: tuple[float, ...]) -> bool:
    if len(numbers) != len(answer.leaves):
        return False
    pairs = zip(answer.leaves, numbers, strict=True)
    return all(isinstance(leaf, Quantity) and leaf.holds(number) for leaf, number in pairs)


def _chosen(choices: tuple[str, ...], text: str) -> str | None:
    """The choice that a text means: by its words, their beginning, or its letter in the list."""
    word = plain_text(text).casefold().rstrip(".)")
    for choice in choices:
        if choice.casefold() == word:
            return choice
    for place, choice in enumerate(choices):
        if word == letter_of(place):
            return choice
    begun = [choice for choice in choices if len(word) > 1 and choice.casefold().startswith(word)]
    return begun[0] if len(begun) == 1 else None


def _sizes(right: Answer, text: str) -> int | None:
    """How many values an answer holds, where several were asked for and it can be counted in one way only."""
    if right.kind not in (Kind.SHAPE, Kind.LIST) or not right.leaves or not isinstance(right.leaves[0], Quantity):
        return None
    readings = number_lists_of(text)
    if right.kind is Kind.SHAPE:
        readings = (reading for reading in readings if all(number.is_integer() for number in reading))
    counts = {len(reading) for reading in readings}
    return counts.pop() if len(counts) == 1 else None
