"""Questions whose right answers a learner's kit can check but not show.

`solutions/<chapter>/concepts.py` holds the questions as comments, the right answers as constants and an explanation of
each:

    # Q1. Why does ...?
    #   A. ...
    #   B. ...
    Q1 = "B"  # TODO: A or B

    _EXPLANATIONS = {"Q1": "Because ..."}

The stub loses the answers and the explanations. What marks them is `tests/graded/<chapter>/concepts.answers.json`,
which `grader dev sync` derives: for each question a salted slow hash of the answer, and all explanations together,
sealed with a key made from all the right answers. So nobody reads an answer by accident, and the explanations
open once the exercise is done. Someone who tries all letters finds them, of course; so does someone who asks a friend.
"""

from __future__ import annotations

import ast
import base64
import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from grader.errors import ContentError

HASH_ROUNDS = 15_000
SEAL_ROUNDS = 100_000
QUESTION = re.compile(r"Q[1-9][0-9]*\Z")


@dataclass(frozen=True)
class Remark:
    """What a learner is to be told of an answer, which is never the right one. `given` is the answer as it was read."""

    message: str
    still_to_do: bool = False
    given: str = ""
    advice: str = ""


class Question(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One question's mark: its salt, the hash of its right answer, and the letters to choose from, if it has any."""

    choices: tuple[str, ...]
    salt: str
    hash: str


class Sealed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The explanations, readable with all the right answers."""

    salt: str
    text: str
    mac: str


class Answers(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What `concepts.answers.json` holds."""

    questions: dict[str, Question]
    explanations: Sealed

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
        if hmac.compare_digest(_hash(text, question.salt), question.hash):
            return None
        advice = "Read the question again and say, for each other choice, what would have to be true for it."
        return Remark(f"{name}: {text} is not the right answer.", given=text, advice=advice)


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
    given, explained = _read_solution(display_path, source)
    questions = {}
    for name, (answer, choices) in given.items():
        salt = _salt(chapter, name)
        questions[name] = {"choices": choices, "salt": salt, "hash": _hash(answer, salt)}
    answers = {name: answer for name, (answer, _) in given.items()}
    content = {"questions": questions, "explanations": _seal(explained, answers, _salt(chapter, "explanations"))}
    return json.dumps(content, indent=2) + "\n"


def explanations(answers: Mapping[str, object], sealed: Sealed) -> dict[str, str] | None:
    """The explanation of each question, or None unless every answer is right."""
    texts = {name: normalized(answer) for name, answer in answers.items()}
    if None in texts.values():
        return None
    encrypting, signing = _keys({name: str(text) for name, text in texts.items()}, sealed.salt)
    data = base64.b64decode(sealed.text)
    if not hmac.compare_digest(hmac.new(signing, data, "sha256").hexdigest(), sealed.mac):
        return None
    opened: dict[str, str] = json.loads(_stream(data, encrypting))
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


def _read_solution(display_path: str, source: str) -> tuple[dict[str, tuple[str, list[str]]], dict[str, str]]:
    """For each question the answer and its choices, and the explanations."""
    tree, lines = ast.parse(source), source.splitlines()
    given: dict[str, tuple[str, list[str]]] = {}
    explained: Any = None
    for name, value, node in _constants(tree):
        if name == "_EXPLANATIONS":
            explained = value
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
    if not isinstance(explained, dict) or explained.keys() != given.keys():
        raise ContentError(display_path, "_EXPLANATIONS", "a dict with one text for each question was expected")
    return given, {name: " ".join(str(explained[name]).split()) for name in given}


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


# -- hashing and sealing ----------------------------------------------------------------------------------


def _salt(*parts: str) -> str:
    """Looks random, and is the same whenever the file is derived."""
    return hashlib.sha256("\x1f".join(("concepts", *parts)).encode()).hexdigest()[:32]


def _hash(answer: str, salt: str) -> str:
    return hashlib.pbkdf2_hmac("sha256", answer.encode(), bytes.fromhex(salt), HASH_ROUNDS).hex()


def _keys(answers: Mapping[str, str], salt: str) -> tuple[bytes, bytes]:
    words = "\x1f".join(f"{name}={answers[name]}" for name in sorted(answers))
    key = hashlib.pbkdf2_hmac("sha512", words.encode(), bytes.fromhex(salt), SEAL_ROUNDS)
    return key[:32], key[32:]


def _seal(texts: Mapping[str, str], answers: Mapping[str, str], salt: str) -> dict[str, str]:
    encrypting, signing = _keys(answers, salt)
    data = _stream(json.dumps(texts, ensure_ascii=False).encode(), encrypting)
    mac = hmac.new(signing, data, "sha256").hexdigest()
    return {"salt": salt, "text": base64.b64encode(data).decode(), "mac": mac}


def _stream(data: bytes, key: bytes) -> bytes:
    """XOR with a stream of hashes; the same again undoes it."""
    blocks = (len(data) + 31) // 32
    stream = b"".join(hashlib.sha256(key + number.to_bytes(8, "big")).digest() for number in range(blocks))
    return bytes(a ^ b for a, b in zip(data, stream, strict=False))


def _choice_text(question: Question) -> str:
    if not question.choices:
        return "a number or a word"
    return f"one of the letters {', '.join(question.choices[:-1])} or {question.choices[-1]}"
