"""`grader predict`: questions to answer before coding, the mark of each answer, and what to do next."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from grader.course.curriculum import Exercise
from grader.course.predictions import Kind, Quantity, Question
from grader.course.visible import short_line
from grader.learner.predicting import Marked, Outcome, letter_of
from grader.learner.prediction_store import Prediction
from grader.render.terminal import Lines

SHOWN_ANSWER = 60
INDENT = 3


class Sheet:
    """The questions of one exercise on a console. `name` is the shortest that means this exercise."""

    def __init__(self, console: Console, exercise: Exercise, name: str, questions: tuple[Question, ...]) -> None:
        self.lines = Lines(console)
        self.exercise = exercise
        self.name = name
        self.questions = questions

    def heading(self, keys: bool) -> None:
        """What this is, and the keys where someone answers."""
        self.lines.line(f"{self.exercise.name}: before you code", style="bold")
        if keys:
            told = "Work each answer out by hand. Enter alone skips, ? shows the answer, Ctrl-C ends."
            self.lines.line(told, style="dim")
        self.lines.line("")

    def question(self, question: Question) -> None:
        """The question, what is given, and the choices."""
        self._ask(question, question.ask)
        for row in question.given.strip().splitlines():
            self.lines.line(row, indent=INDENT + 4, style="cyan")
        for place, choice in enumerate(question.choices):
            self.lines.text(Text(choice), indent=INDENT + 2, lead=Text(f"{letter_of(place)}  ", style="dim"))

    def answered(self, question: Question, prediction: Prediction) -> None:
        """A question that has its answer from an earlier run."""
        self._ask(question, prediction.ask)
        given = short_line(prediction.given, SHOWN_ANSWER)
        told = f"You said {given}: right." if prediction.right else f"You said {given}. {_answer_text(question)}"
        self.lines.line(told, indent=INDENT + 2, style="dim")

    def mark(self, question: Question, marked: Marked) -> None:
        """Right or wrong, the answer, and why it is so."""
        if marked.outcome is Outcome.UNREADABLE:
            told = f"This cannot be read as an answer: {expected_text(question)}."
            self.lines.line(told, indent=INDENT, style="yellow")
        elif marked.outcome is Outcome.RIGHT:
            self.lines.text(_ticked(f"Right. {question.why}"), lead=Text("✓  ", style="green bold"))
        else:
            told = " ".join([*_objections(question, marked), _answer_text(question), question.why])
            self.lines.text(_ticked(told), lead=Text("✗  ", style="red bold"))

    def answer(self, question: Question) -> None:
        """The answer of a question that was skipped, and why."""
        self.lines.text(_ticked(f"{_answer_text(question)} {question.why}"), lead=Text("·  "))

    def skipped(self, count: int) -> None:
        """What can be done about the questions that were skipped."""
        answers, them = ("its answer", "it") if count == 1 else ("their answers", "them")
        self.lines.line(f"{count} skipped. ? shows {answers} now; Enter leaves {them} for another time.")

    def end(self, right: int, given: int) -> None:
        """The count, and the next commands."""
        left = len(self.questions) - given
        open_ = f", {left} not answered yet" if left else ""
        told = f"{right} of {given} right{open_}." if given else f"{left} questions have no answer yet."
        self.lines.line(told, style="bold")
        self.lines.line(f"read   grader show {self.name}")
        self.lines.line(f"edit   exercises/{self.exercise.name}{self.exercise.suffix}")
        self.lines.line(f"check  grader check {self.name}")
        if given:
            self.lines.line(f"again  grader predict {self.name} --again", style="dim")

    def how(self) -> None:
        """How to answer where there is no terminal."""
        self.lines.line("Answer in a terminal, where the questions come one by one, or give the answers in order:")
        self.lines.line(f"grader predict {self.name} --answers FIRST --answers SECOND ...", indent=INDENT)
        self.lines.line("A TEXT may hold several lines, one answer per line. An empty line skips its question.")
        self.lines.line("--answers - reads the lines from standard input.")

    def _ask(self, question: Question, text: str) -> None:
        number = f"{self.questions.index(question) + 1}/{len(self.questions)}  "
        self.lines.text(_ticked(text), lead=Text(number, style="bold"))


def expected_text(question: Question) -> str:
    """In what form an answer is wanted."""
    right = question.right
    first = right.leaves[0] if right.leaves else None
    if right.kind is Kind.CHOICE:
        return f"one of these is wanted: {', '.join(question.choices)}"
    if right.kind is Kind.NUMBER and isinstance(first, Quantity):
        return "a whole number is wanted, such as 12 or 3*4" if first.slack == 0 else "a number is wanted, 0.25 or 1/4"
    if right.kind is Kind.SHAPE:
        return "sizes are wanted, such as (2, 3) or 2 3"
    if right.kind is Kind.TRUTH:
        return "True or False is wanted"
    if isinstance(first, bool):
        return "True and False are wanted, such as T F F"
    return "a list is wanted, such as [1, 2] or 1 2; an empty one is []"


def _answer_text(question: Question) -> str:
    return f"The answer is {question.answer}."


def _objections(question: Question, marked: Marked) -> list[str]:
    """What is wrong with an answer, as far as it is known."""
    told = [marked.idea] if marked.idea else []
    if marked.sizes is not None:
        wanted, plural = len(question.right.leaves), "" if marked.sizes == 1 else "s"
        asked = "was asked for" if wanted == 1 else "were asked for"
        told.append(f"Your answer has {marked.sizes} value{plural}; {wanted} {asked}.")
    return told


def _ticked(text: str) -> Text:
    """A text of the course on one line, with what stands between backticks marked."""
    found = Text(" ".join(text.split()))
    found.highlight_regex(r"`[^`]*`", "cyan")
    return found
