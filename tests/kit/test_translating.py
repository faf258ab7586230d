"""`grader train translator` and `grader translate`: the learner's own translator, and what it looks at."""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from rich.console import Console
from running import PACKAGE, grader
from torch import nn

from grader.course.curriculum import load_curriculum
from grader.course.layout import Layout
from grader.errors import UsageError
from grader.learner.translating import OwnTranslator, SavedTranslator, Translated
from grader.protocol.results import ExerciseResult, Verdict
from grader.render.attention_figure import attention_figure
from grader.render.messages import SEQUELS, sequel_text
from grader.render.report import CheckReport
from grader.render.terminal import Lines, make_console
from grader.render.translation import translated_lines

ONE_THREAD = {"OMP_NUM_THREADS": "1"}
SAVED = SavedTranslator(("dog", "old", "the"), ("alte", "der", "hund"), {}, 1, 1.0)
WEIGHTS = ((0.5, 0.02, 0.48), (0.0, 0.996, 0.004))


class Attention(nn.Module):
    """Looks at the word with the same number as the query, and a little at the first one."""

    def forward(self, x: torch.Tensor, context: torch.Tensor, mask: object) -> torch.Tensor:
        return x

    def attention_weights(self, x: torch.Tensor, context: torch.Tensor, mask: object) -> torch.Tensor:
        weights = torch.eye(x.shape[1], context.shape[1])
        weights[:, 0] += 0.25
        return weights.expand(1, 2, -1, -1)


class Model(nn.Module):
    """Translates the three words one by one."""

    def __init__(self, looks: bool = True) -> None:
        super().__init__()
        block = nn.Module()
        block.cross_attention = Attention()
        self.decoder = nn.ModuleList([block])
        self.weight = nn.Parameter(torch.zeros(1))
        self.looks = looks

    def forward(self, source: torch.Tensor, target_in: torch.Tensor) -> torch.Tensor:
        x = torch.zeros(1, target_in.shape[1], 1)
        attention = self.decoder[0].get_submodule("cross_attention")
        return attention(x, context=torch.zeros(1, source.shape[1], 1), mask=None) if self.looks else x


class Module:
    """The learner's module: the loop gives each word its place in the other list, then the stop token."""

    @staticmethod
    def greedy_translate(model: nn.Module, source: torch.Tensor, start: int, stop: int, most: int) -> torch.Tensor:
        other = {3: 5, 4: 3, 5: 4}
        return torch.tensor([[start, *(other[int(i)] for i in source[0]), stop]])


@pytest.fixture
def own() -> OwnTranslator:
    return OwnTranslator(Module, Model(), SAVED)


def printed(show: Callable[[Lines], Any], width: int = 80) -> str:
    stream = io.StringIO()
    show(Lines(Console(file=stream, width=width, highlight=False)))
    return stream.getvalue()


def test_a_translation_comes_with_what_each_word_looked_at(own: OwnTranslator) -> None:
    done = own.translate("The old dog.")
    assert (done.source, done.target, done.is_whole) == (("the", "old", "dog"), ("der", "alte", "hund"), True)
    assert done.weights == ((1.25, 0.0, 0.0), (0.25, 1.0, 0.0), (0.25, 0.0, 1.0))


def test_a_block_that_goes_round_its_attention_gives_no_picture() -> None:
    done = OwnTranslator(Module, Model(looks=False), SAVED).translate("old dog")
    assert done.target == ("alte", "hund")
    assert done.weights is None
    assert "does not call its cross_attention" in printed(lambda lines: translated_lines(done, lines))


@pytest.mark.parametrize(
    ("sentence", "message", "hint"),
    [
        ("the olt dog", "the small language has no word 'olt'", "it has old"),
        ("the zebra", "the small language has no word 'zebra'", "it has these words: dog old the"),
        (" . ", "there is no sentence to translate", "it has these words: dog old the"),
        ("dog " * 17, "17 words are more than the 16", None),
    ],
)
def test_what_cannot_be_translated_is_told(own: OwnTranslator, sentence: str, message: str, hint: str | None) -> None:
    with pytest.raises(UsageError, match=message) as raised:
        own.translate(sentence)
    assert raised.value.hint == hint


def test_the_grid_fits_the_line() -> None:
    done = Translated(("the", "old", "horseman"), ("der", "reiter"), WEIGHTS, True)
    wide = printed(lambda lines: translated_lines(done, lines)).splitlines()
    assert wide[-3:] == [
        "          the  old  horseman",
        "der        50    ·        48",
        "reiter      ·   99         ·",
    ]
    narrow = printed(lambda lines: translated_lines(done, lines), 24).splitlines()
    assert narrow[-4:] == ["horseman", "          1  2  3", "der      50  · 48", "reiter    · 99  ·"]


def test_the_picture_shows_the_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    from matplotlib.figure import Figure

    drawn: list[Figure] = []
    save = Figure.savefig

    def noted(self: Figure, *args: Any, **kwargs: Any) -> None:
        drawn.append(self)
        save(self, *args, **kwargs)

    monkeypatch.setattr(Figure, "savefig", noted)
    done = Translated(("the", "old", "dog"), ("der", "hund"), WEIGHTS, True)
    assert attention_figure(done, "png").startswith(b"\x89PNG")
    assert b"<svg" in attention_figure(done, "svg")
    axes = drawn[0].axes[0]
    image = axes.images[0].get_array()
    assert image is not None
    assert image.tolist() == [list(row) for row in WEIGHTS]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["the", "old", "dog"]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["der", "hund"]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("sentence", "translation")


@pytest.fixture
def solved(tmp_path: Path) -> Iterator[Path]:
    shutil.copytree(PACKAGE / "solutions", tmp_path / "exercises", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(PACKAGE / "data", tmp_path / "data")
    shutil.copytree(PACKAGE / "tests" / "graded", tmp_path / "tests" / "graded")
    yield tmp_path


def test_a_translator_is_trained_and_asked(solved: Path) -> None:
    """With the learner's own classes: a few steps, then a sentence, a picture and lines of a file."""
    done = grader(solved, "train", "translator", "--steps", "30", env=ONE_THREAD)
    assert done.returncode == 0, done.stderr
    assert "step 30 of 30  loss " in done.stderr
    assert "Of 200 sentences that it has not seen, it translates " in done.stdout
    asked = grader(solved, "translate", "the dog sees the man", "--picture", "a.svg", env=ONE_THREAD)
    assert asked.returncode == 0, asked.stderr
    assert "the  dog  sees  the  man" in asked.stdout
    assert "wrote a.svg" in asked.stdout
    assert "<svg" in (solved / "a.svg").read_text()
    lines = grader(solved, "translate", stdin="zebra\nthe horse helps the man\n", env=ONE_THREAD)
    assert "the small language has no word 'zebra'" in lines.stderr
    assert "the  horse  helps  the  man" in lines.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("train", "translator", "--text", "a.txt"), "--text is for the GPT"),
        (("train", "--text", "a.txt", "--width", "10", "--heads", "4"), "a width of 10 cannot be shared by 4 heads"),
        (("translate", "the dog"), "there is no trained translator in my-translator"),
        (("translate", "the dog", "--picture", "a.gif"), "a picture ends in .png or .svg"),
    ],
)
def test_wrong_use_is_told(solved: Path, arguments: tuple[str, ...], message: str) -> None:
    done = grader(solved, *arguments, env=ONE_THREAD)
    assert done.returncode == 2
    assert message in done.stderr


@pytest.mark.parametrize(
    ("verdict", "cached", "is_told"), [("passed", False, True), ("passed", True, False), ("failed", False, False)]
)
def test_a_pass_that_is_new_says_how_it_goes_on(verdict: str, cached: bool, is_told: bool) -> None:
    stream = io.StringIO()
    report = CheckReport(make_console(stream, width=80), load_curriculum(Layout(PACKAGE)))
    report.exercise(ExerciseResult("ch6_training/train", Verdict(verdict), cached=cached))
    assert ("see what it writes: grader train" in stream.getvalue()) == is_told


def test_what_comes_after_a_pass_names_commands_that_are_there() -> None:
    assert sequel_text("ch6_training/train") == "see what it writes: grader train"
    assert sequel_text("ch3_attention/softmax") is None
    commands = {text.split("grader ")[1].split()[0] for text in SEQUELS.values()}
    assert all((PACKAGE / "grader" / "cli" / f"{command}.py").is_file() for command in commands)
