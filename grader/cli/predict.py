"""A learner's `grader predict`: questions on values and shapes before coding, each marked at once."""

from __future__ import annotations

import io
import itertools
import readline  # noqa: F401  # `input` then has a line that can be edited
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field

import click

from grader.cli.course import Course, one_exercise, open_course
from grader.cli.echo import echo
from grader.course.curriculum import Exercise
from grader.course.layout import Layout
from grader.course.predictions import Question, has_questions, read_questions
from grader.learner.predicting import Outcome, mark
from grader.learner.prediction_store import Prediction, answered, keep
from grader.learner.progress import ProgressStore
from grader.render.predict import Sheet
from grader.render.terminal import make_console

SHOW = "?"
STANDARD_INPUT = "-"


@click.command()
@click.argument("name", required=False, metavar="[EXERCISE]")
@click.option("--again", is_flag=True, help="Ask all questions again.")
@click.option(
    "--answers", multiple=True, metavar="TEXT", help="Answers in order, one per line; - reads standard input."
)
def predict(name: str | None, again: bool, answers: tuple[str, ...]) -> None:
    """Predict results before you write the code. Each answer is marked at once.

    There are three to five questions."""
    course = open_course()
    exercise = _exercise(course, name)
    questions = read_questions(course.layout, exercise.name)
    known = answered(course.layout, exercise.name, questions)
    sheet = Sheet(make_console(), exercise, course.curriculum.shortest_name(exercise), questions)
    asking = Asking(sheet, course.layout, exercise, questions, known)
    if answers:
        asking.mark_all(_lines(answers))
    elif sys.stdin.isatty() and sys.stdout.isatty():
        asking.ask_all(again)
    else:
        asking.print_all()


@dataclass
class Asking:
    """One run over the questions of an exercise."""

    sheet: Sheet
    layout: Layout
    exercise: Exercise
    questions: tuple[Question, ...]
    known: dict[str, Prediction]  # by question
    skipped: list[Question] = field(default_factory=list)

    def ask_all(self, again: bool) -> None:
        """One after the other. Whatever ends it, the answers so far are kept."""
        _take_any_bytes()
        if again:
            self.known.clear()
        keys = len(self.known) < len(self.questions)
        self.sheet.heading(keys)
        try:
            for question in self.questions:
                if not self._show(question):
                    self._ask(question)
                echo("")
            self._offer_skipped()
        except (KeyboardInterrupt, EOFError):
            echo("\n")
        self._end()

    def mark_all(self, lines: Sequence[str]) -> None:
        """Answers that were given all together, in the order of the questions."""
        if len(lines) > len(self.questions):
            raise click.UsageError(f"{len(lines)} answers for {len(self.questions)} questions of {self.exercise.name}")
        self.sheet.heading(keys=False)
        for question, line in zip(self.questions, itertools.chain(lines, itertools.repeat("")), strict=False):
            self.sheet.question(question)
            given = line.strip()
            if given == SHOW:
                self.sheet.answer(question)
            elif given:
                echo(f"> {given}")
                self._mark(question, given)
            echo("")
        self._end()

    def print_all(self) -> None:
        """The questions alone, and how to answer them."""
        self.sheet.heading(keys=False)
        for question in self.questions:
            self._show(question)
            echo("")
        self.sheet.how()

    def _show(self, question: Question) -> bool:
        """Print the question. Whether it has its answer already."""
        prediction = self.known.get(question.ask)
        if prediction is None:
            self.sheet.question(question)
        else:
            self.sheet.answered(question, prediction)
        return prediction is not None

    def _ask(self, question: Question) -> None:
        """Until there is an answer that can be read, or the question is skipped."""
        while True:
            given = input("> ").strip()
            if not given:
                self.skipped.append(question)
                return
            if given == SHOW:
                self.sheet.answer(question)
                return
            if self._mark(question, given):
                return

    def _mark(self, question: Question, given: str) -> bool:
        """Whether it could be marked."""
        marked = mark(question, given)
        self.sheet.mark(question, marked)
        if marked.outcome is Outcome.UNREADABLE:
            return False
        prediction = Prediction(question.ask, question.answer, given, marked.outcome is Outcome.RIGHT)
        self.known[question.ask] = prediction
        keep(self.layout, self.exercise.name, prediction)
        return True

    def _offer_skipped(self) -> None:
        if not self.skipped:
            return
        self.sheet.skipped(len(self.skipped))
        if input("> ").strip() == SHOW:
            for question in self.skipped:
                self.sheet.question(question)
                self.sheet.answer(question)
                echo("")

    def _end(self) -> None:
        right = sum(item.right for item in self.known.values())
        self.sheet.end(right, len(self.known))


def _exercise(course: Course, name: str | None) -> Exercise:
    """The exercise of this name, or the next one to do that has questions; after the last, the last."""
    if name is not None:
        exercise = one_exercise(course.curriculum, name)
        if not has_questions(course.layout, exercise.name):
            raise click.UsageError(f"{exercise.name} has nothing to predict; `grader show {name}` says what it asks")
        return exercise
    asking = [item for item in course.curriculum.graded if has_questions(course.layout, item.name)]
    if not asking:
        raise click.UsageError("no exercise of this course has questions to predict")
    progress = ProgressStore(course.layout, course.curriculum)
    return next((item for item in asking if not progress.has_passed(item)), asking[-1])


def _lines(answers: Sequence[str]) -> list[str]:
    """The answers, a line each. An empty text is one that skips."""
    texts = [sys.stdin.read().rstrip("\n") if text == STANDARD_INPUT else text for text in answers]
    return [line for text in texts for line in text.split("\n")]


def _take_any_bytes() -> None:
    """A key that is no text of the terminal's encoding is an answer that cannot be read, and no end of the run."""
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(errors="replace")
