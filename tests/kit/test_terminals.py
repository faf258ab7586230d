"""Whatever a terminal's encoding: every command prints, and what stands for a missing character reads the same."""

from __future__ import annotations

import json
import unicodedata

import pytest
from miniature import Kit
from running import PACKAGE, grader

from grader.course.brief import brief_of
from grader.course.curriculum import load_curriculum
from grader.course.layout import Layout
from grader.course.predictions import read_questions
from grader.render.substitutes import substitute

ENCODINGS = {
    "ascii": {"PYTHONIOENCODING": "ascii"},
    "the C locale": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    "cp1252": {"PYTHONIOENCODING": "cp1252"},
    "latin-1": {"PYTHONIOENCODING": "latin-1"},
}


def decoding(encoding: str) -> str:
    return "ascii" if encoding == "the C locale" else encoding


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize(
    "command", ["show softmax", "show rotary", "list", "hint softmax", "predict adamw", "--help", "doctor"]
)
def test_every_command_prints(encoding: str, command: str) -> None:
    done = grader(
        PACKAGE,
        *command.split(),
        env={**ENCODINGS[encoding], "XDG_STATE_HOME": "/nonexistent"},
        encoding=decoding(encoding),
    )
    assert done.returncode == 0, done.stderr
    assert len(done.stdout) > 100
    assert "?" not in "".join(word for word in done.stdout.split() if word.startswith("?"))


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_check_prints(kit: Kit, encoding: str) -> None:
    kit.file.write_text(
        "def double(x):\n    raise ValueError('größer als 2 → ✗')\n\n\ndef halve(x):\n    return x / 2\n"
    )
    done = grader(kit.layout.root, "check", env=ENCODINGS[encoding], encoding=decoding(encoding))
    assert done.returncode == 1
    assert "2 -> x" in done.stdout


def test_json_is_utf_8_everywhere(kit: Kit) -> None:
    kit.file.write_text("def double(x):\n    raise ValueError('größer')\n\n\ndef halve(x):\n    return x / 2\n")
    text = grader(kit.layout.root, "check", "--json", env=ENCODINGS["ascii"]).stdout
    (exercise,) = json.loads(text)["exercises"]
    assert "größer" in exercise["tests"][0]["failure"]["message"]


def test_every_character_of_the_course_has_a_substitute() -> None:
    layout = Layout(PACKAGE)
    texts = [brief_of(layout, exercise) for exercise in load_curriculum(layout).exercises]
    asked = [item for exercise in load_curriculum(layout).graded for item in read_questions(layout, exercise.name)]
    texts += [text for item in asked for text in (item.ask, item.given, item.why, *(wrong.why for wrong in item.wrong))]
    texts += [hint for exercise in load_curriculum(layout).exercises for hint in exercise.hints]
    found = {character for text in texts for character in text if not character.isascii()}
    missing = [(c, unicodedata.name(c, "")) for c in sorted(found) if substitute(c) == "?"]
    assert not missing


@pytest.mark.parametrize(
    ("character", "text"), [("θ", "theta"), ("Σ", "Sigma"), ("²", "^2"), ("ᵢ", "i"), ("é", "e"), ("─", "-"), ("┼", "+")]
)
def test_what_stands_for_a_character(character: str, text: str) -> None:
    assert substitute(character) == text
