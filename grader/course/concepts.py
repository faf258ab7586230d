"""Questions whose right answers a learner's kit can check but not show.

`solutions/<chapter>/concepts.py` holds the questions as comments, the right answers as constants and an explanation of
each:

    # Q1. Why does ...?
    #   A. ...
    #   B. ...
    Q1 = "B"  # TODO: A or B

    _EXPLANATIONS = {"Q1": "Because ..."}
    _IDEAS = {"Q1": {"A": "What speaks against this choice."}}

The stub loses the answers, the explanations and the ideas. What marks them is
`tests/graded/<chapter>/concepts.answers.json`, which `grader dev sync` derives: for each question a salted slow hash of
the answer, and all explanations together, sealed with a key made from all the right answers. The idea behind a wrong
choice is sealed with that choice; the right one has an empty text of the same length, so their number tells nothing. So
nobody reads an answer by accident, an idea opens when its choice was made, and the explanations open once the exercise
is done. Someone who tries all letters finds them, of course; so does someone who asks a friend.
"""

from __future__ import annotations

import ast
import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from grader.course.seals import Keys, Sealed, keys_from, open_seal, seal, slow_hash
from grader.errors import ContentError

QUESTION = re.compile(r"Q[1-9][0-9]*\Z")


@dataclass(frozen=True)
class Remark:
    """What a learner is to be told of an answer, which is never the right one. `given` is the answer as it was read."""

    message: str
    still_to_do: bool = False
    given: str = ""
    advice: str = ""


class Question(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One question's mark: its salt, the hash of its right answer, and the letters to choose from, if it has any.

    `ideas` are what is to be said of wrong answers, each readable with its own answer, in an order that tells nothing.
    """

    choices: tuple[str, ...]
    salt: str
    hash: str
    ideas: tuple[Sealed, ...] = ()

    def idea_behind(self, answer: str) -> str:
        """What speaks against a wrong answer, or nothing where the course says nothing of it."""
        keys = _keys_of(answer, self.salt) if self.ideas else None
        found = (open_seal(idea, keys) for idea in self.ideas if keys is not None)
        return next((text.strip() for text in found if text is not None), "")


class Explanations(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The explanations, readable with all the right answers."""

    salt: str
    text: str
    mac: str


class Answers(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What `concepts.answers.json` holds."""

    questions: dict[str, Question]
    explanations: Explanations

    @classmethod
    def beside(cls, suite: str | Path) -> Answers:
        """The answers that belong to a suite: `concepts.answers.json` for `test_concepts.py` in the same folder."""
        path = answers_file(Path(suite))
        try:
            return msgspec.json.decode(path.read_bytes(), type=cls)
        except FileNotFoundError:
            raise ContentError(path.name, "file", "it is missing; `grader dev sync` writes it") from None
        except msgspec.DecodeError as error:
            raise ContentError(path.name, "file", f"`grader dev sync` writes it anew: {error}") from None

    def remark(self, name: str, answer: object) -> Remark | None:
        """What is to be said of an answer; None when it is right."""
        question = self.questions[name]
        if answer is None:
            return Remark(f"{name} is still to do: give {_choice_text(question)}.", still_to_do=True)
        text = normalized(answer)
        if text is None or (question.choices and text not in question.choices):
            return Remark(f"{name} wants {_choice_text(question)}.", given=repr(answer)[:60])
        if hmac.compare_digest(slow_hash(text, question.salt), question.hash):
            return None
        message = f"{name}: {text} is not the right answer. {question.idea_behind(text)}".rstrip()
        advice = "Read the question again and say, for each other choice, what would have to be true for it."
        return Remark(message, given=text, advice=advice)


def answers_file(suite: Path) -> Path:
    """Where the answers of a suite are."""
    return suite.with_name(f"{suite.stem.removeprefix('test_')}.answers.json")


def normalized(answer: object) -> str | None:
    """An answer as it is compared: ` b) ` is `B`, and `12.0` is `12`. None if it is no letter, word or number."""
    if isinstance(answer, str):
        return answer.strip().strip("().").strip().upper()
    if isinstance(answer, bool) or not isinstance(answer, int | float):
        return None
    return str(int(answer)) if float(answer).is_integer() else str(float(answer))


def derive_answers(chapter: str, display_path: str, source: str) -> str:
    """The text of `concepts.answers.json` for a solution. The same source always gives the same text."""
    given, explained, ideas = _read_solution(display_path, source)
    width = max((len(text.encode()) for texts in ideas.values() for text in texts.values()), default=0)
    questions = {}
    for name, (answer, choices) in given.items():
        salt = _salt(chapter, name)
        texts = {answer: "", **ideas[name]} if choices else ideas[name]
        sealed = [_sealed_idea(text, width, _keys_of(key, salt)) for key, text in texts.items()]
        ordered = sorted(sealed, key=lambda entry: entry["mac"])
        questions[name] = {"choices": choices, "salt": salt, "hash": slow_hash(answer, salt), "ideas": ordered}
    salt = _salt(chapter, "explanations")
    keys = _keys_of_all({name: answer for name, (answer, _) in given.items()}, salt)
    content = {
        "questions": questions,
        "explanations": {"salt": salt, **seal(json.dumps(explained, ensure_ascii=False), keys)},
    }
    return json.dumps(content, indent=2) + "\n"


def explanations(answers: Mapping[str, object], sealed: Explanations) -> dict[str, str] | None:
    """The explanation of each question, or None unless every answer is right."""
    texts = {name: normalized(answer) for name, answer in answers.items()}
    if None in texts.values():
        return None
    keys = _keys_of_all({name: str(text) for name, text in texts.items()}, sealed.salt)
    text = open_seal(Sealed(sealed.text, sealed.mac), keys)
    if text is None:
        return None
    opened: dict[str, str] = json.loads(text)
    return opened


def explanations_for(suite: Path, file: Path) -> dict[str, str] | None:
    """What to show a learner whose `concepts.py` has passed. The file is read, not run."""
    answers = Answers.beside(suite)
    try:
        tree = ast.parse(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, SyntaxError, ValueError):
        return None
    given = {name: value for name, value, _ in _constants(tree) if name in answers.questions}
    return explanations(given, answers.explanations) if given.keys() == answers.questions.keys() else None


# -- reading a solution -----------------------------------------------------------------------------------


def _read_solution(
    display_path: str, source: str
) -> tuple[dict[str, tuple[str, list[str]]], dict[str, str], dict[str, dict[str, str]]]:
    """For each question the answer and its choices; the explanations; the ideas behind wrong answers, by question."""
    tree, lines = ast.parse(source), source.splitlines()
    given: dict[str, tuple[str, list[str]]] = {}
    constants = {name: value for name, value, _ in _constants(tree)}
    for name, value, node in _constants(tree):
        if not QUESTION.match(name):
            continue
        answer = normalized(value)
        todo = re.search(r"# TODO:(.*)", lines[(node.end_lineno or node.lineno) - 1])
        if answer is None or todo is None:
            raise ContentError(
                display_path, name, "a letter or number and, after it, a comment such as `# TODO: A, B or C`"
            )
        choices = re.findall(r"\b[A-Z]\b", todo[1])
        if choices and answer not in choices:
            raise ContentError(display_path, name, f"one of the choices in its TODO was expected, not {answer!r}")
        given[name] = (answer, choices)
    if list(given) != [f"Q{i}" for i in range(1, len(given) + 1)] or not given:
        raise ContentError(
            display_path, "Q1, Q2, …", f"questions numbered from 1 in order were expected, not {list(given)}"
        )
    explained = constants.get("_EXPLANATIONS")
    if not isinstance(explained, dict) or explained.keys() != given.keys():
        raise ContentError(display_path, "_EXPLANATIONS", "a dict with one text for each question was expected")
    texts = {name: " ".join(str(explained[name]).split()) for name in given}
    return given, texts, _read_ideas(display_path, constants.get("_IDEAS"), given)


def _read_ideas(
    display_path: str, ideas: object, given: Mapping[str, tuple[str, list[str]]]
) -> dict[str, dict[str, str]]:
    """The idea behind each wrong answer: of letters all of them, of numbers those that the author thought of."""
    by_question = ideas if isinstance(ideas, dict) else {}
    if not (by_question.keys() <= given.keys() and all(isinstance(item, dict) for item in by_question.values())):
        raise ContentError(display_path, "_IDEAS", "a dict from question to a dict of wrong answers was expected")
    found = {}
    for name, (answer, choices) in given.items():
        texts = {normalized(key): " ".join(str(text).split()) for key, text in by_question.get(name, {}).items()}
        wrong = {choice for choice in choices if choice != answer}
        if answer in texts or None in texts or "" in texts.values() or (choices and texts.keys() != wrong):
            expected = (
                f"one text for each of {', '.join(sorted(wrong))}" if choices else "texts for wrong answers alone"
            )
            raise ContentError(display_path, f"_IDEAS[{name!r}]", f"{expected} was expected")
        found[name] = {str(key): text for key, text in texts.items()}
    return found


def _constants(tree: ast.Module) -> list[tuple[str, Any, ast.Assign]]:
    """The module's constants whose values can be read without running it."""
    found = []
    for node in tree.body:
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            try:
                found.append((node.targets[0].id, ast.literal_eval(node.value), node))
            except ValueError:
                continue
    return found


# -- salts and keys ---------------------------------------------------------------------------------------


def _salt(*parts: str) -> str:
    """Looks random, and is the same whenever the file is derived."""
    return hashlib.sha256("\x1f".join(("concepts", *parts)).encode()).hexdigest()[:32]


def _keys_of(answer: str, salt: str) -> Keys:
    return keys_from(f"idea\x1f{answer}", salt)


def _keys_of_all(answers: Mapping[str, str], salt: str) -> Keys:
    return keys_from("\x1f".join(f"{name}={answers[name]}" for name in sorted(answers)), salt, slowly=True)


def _sealed_idea(text: str, width: int, keys: Keys) -> dict[str, str]:
    """The sealed text, filled up with blanks: all are of the same length."""
    return seal(text + " " * (width - len(text.encode())), keys)


def _choice_text(question: Question) -> str:
    if not question.choices:
        return "a number or a word"
    return f"one of the letters {', '.join(question.choices[:-1])} or {question.choices[-1]}"
