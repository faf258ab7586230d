"""`grader predict`: asked in a terminal, printed without one, each answer marked at once and kept."""

from __future__ import annotations

import json
import os
import pty
import select
import subprocess
import sys
import time
from pathlib import Path

import pytest
from miniature import PREDICTIONS, Kit
from running import PACKAGE, grader

from grader.author.laws import violations
from grader.course.predictions import read_questions
from grader.errors import ContentError
from grader.learner.prediction_store import read_predictions

LAST = PREDICTIONS[PREDICTIONS.rindex("[[question]]") :]


class Terminal:
    """A command in a terminal of 80 columns. `answer` waits for its prompt, types a line and says what had come."""

    def __init__(self, root: Path, *arguments: str) -> None:
        mine, its = pty.openpty()
        self.end, self.shown = mine, ""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "grader", *arguments],
            cwd=root,
            env={**os.environ, "PYTHONPATH": str(PACKAGE), "NO_COLOR": "1", "COLUMNS": "80", "TERM": "dumb"},
            stdin=its, stdout=its, stderr=its, start_new_session=True,
            preexec_fn=lambda: os.close(os.open(os.ttyname(1), os.O_RDWR)),
        )  # fmt: skip
        os.close(its)

    def answer(self, keys: str) -> str:
        """What came before the prompt. A line's end is a key of its own: `"0.5\\r"`."""
        shown = self.read_until("> ")
        os.write(self.end, keys.encode())
        return shown

    def read_until(self, mark: str) -> str:
        limit = time.monotonic() + 60
        while mark not in self.shown:
            if not self._more(limit):
                raise AssertionError(f"{mark!r} never came: {self.shown}")
        before, _, self.shown = self.shown.partition(mark)
        return before

    def rest(self, key: str = "") -> str:
        """All that comes until the command has ended, which must be well.

        `key` is pressed once more where nothing comes of it for a while, as a person does on a slow machine.
        """
        limit = time.monotonic() + 60
        while time.monotonic() < limit:
            if self._more(min(limit, time.monotonic() + 10)):
                continue
            if self.process.poll() is not None:
                break
            os.write(self.end, key.encode())
        assert self.process.wait(10) == 0, self.shown
        os.close(self.end)
        return self.shown

    def _more(self, limit: float) -> bool:
        ready, _, _ = select.select([self.end], [], [], max(0.0, limit - time.monotonic()))
        try:
            data = os.read(self.end, 4096) if ready else b""
        except OSError:  # the other end is closed
            return False
        self.shown += data.decode().replace("\r\n", "\n")
        return bool(data)


def kept(kit: Kit) -> list[tuple[str, bool]]:
    return [(item.given, item.right) for item in read_predictions(kit.layout).get(kit.name, ())]


def test_each_answer_is_marked_at_once(kit: Kit) -> None:
    terminal = Terminal(kit.layout.root, "predict", "scale")
    first = terminal.answer("3 -2\r")
    assert "1/3  What does `double` make of `x`? Two numbers.\n       x = torch.tensor([1.5, -1.0])" in first
    assert "✓  Right. The sign stays.\n\n2/3  What is the shape" in terminal.answer("wide\r")
    told = "This cannot be read as an answer: sizes are wanted, such as (2, 3) or 2 3."
    assert told in terminal.answer("2 3 1\r")
    told = "✗  Your answer has 3 values; 2 were asked for. The answer is (2, 3). One value\n   comes out for each"
    assert told in terminal.answer("no\r")
    end = terminal.rest()
    assert "✓  Right. It makes a new one." in end
    assert "2 of 3 right.\nread   grader show scale\nedit   exercises/ch1_mini/scale.py\n" in end
    assert kept(kit) == [("3 -2", True), ("2 3 1", False), ("no", True)]


def test_what_was_answered_is_not_asked_again_unless_wanted(kit: Kit) -> None:
    grader(kit.layout.root, "predict", "scale", "--answers", "[2.25, 1]\n2 3")
    terminal = Terminal(kit.layout.root, "predict")
    shown = terminal.answer("False\r")
    assert "You said [2.25, 1]. The answer is [3.0, -2.0].\n" in shown
    assert "You said 2 3: right.\n\n3/3  Does `double`" in shown
    assert "2 of 3 right.\n" in terminal.rest()
    again = Terminal(kit.layout.root, "predict", "scale", "--again")
    assert "You said" not in again.answer("3 -2\r")
    assert "✓  Right." in again.answer("\r")
    again.answer("\r")
    again.answer("\r")
    assert "1 of 1 right, 2 not answered yet." in again.rest()
    assert kept(kit) == [("2 3", True), ("False", True), ("3 -2", True)]


def test_skipped_ones_are_explained_at_the_end_and_stay_open(kit: Kit) -> None:
    terminal = Terminal(kit.layout.root, "predict", "scale")
    terminal.answer("\r")
    terminal.answer("?\r")
    assert "·  The answer is (2, 3). One value comes out" in terminal.answer("False\r")
    assert "1 skipped. ? shows its answer now; Enter leaves it for another time.\n" in terminal.answer("?\r")
    end = terminal.rest()
    assert "1/3  What does `double` make of `x`?" in end
    assert "·  The answer is [3.0, -2.0]. The sign stays." in end
    assert "1 of 1 right, 2 not answered yet." in end
    assert kept(kit) == [("False", True)]


@pytest.mark.parametrize("key", ["\x03", "\x04"])
def test_leaving_keeps_what_was_answered(kit: Kit, key: str) -> None:
    terminal = Terminal(kit.layout.root, "predict", "scale")
    terminal.answer("3, -2\r")
    terminal.answer(key)
    assert "1 of 1 right, 2 not answered yet.\nread   grader show scale" in terminal.rest(key)
    assert kept(kit) == [("3, -2", True)]


def test_without_a_terminal_the_questions_are_printed(kit: Kit) -> None:
    done = grader(kit.layout.root, "predict")
    assert done.returncode == 0, done.stderr
    assert "3/3  Does `double` change the tensor that it is given?" in done.stdout
    assert "grader predict scale --answers FIRST --answers SECOND ..." in done.stdout
    assert "[3.0, -2.0]" not in done.stdout
    assert kept(kit) == []


def test_answers_can_be_given_all_together(kit: Kit) -> None:
    done = grader(kit.layout.root, "predict", "scale", "--answers", "2.25 1", "--answers", "", "--answers", "no")
    assert done.returncode == 0
    told = "> 2.25 1\n✗  That is each element squared. The answer is [3.0, -2.0]. The sign stays.\n"
    assert told in done.stdout
    assert "1 of 2 right, 1 not answered yet." in done.stdout
    done = grader(kit.layout.root, "predict", "scale", "--answers", "-", stdin="3 -2\n2 3\nno\n")
    assert "3 of 3 right." in done.stdout
    assert grader(kit.layout.root, "predict", "scale", "--answers", "1\n2\n3\n4").returncode == 2


def test_a_file_of_answers_that_cannot_be_read_is_set_aside(kit: Kit) -> None:
    path = kit.layout.state / "predictions.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text("{broken")
    assert "1 of 1 right" in grader(kit.layout.root, "predict", "scale", "--answers", "3 -2").stdout
    assert path.with_suffix(".unreadable.json").read_text() == "{broken"
    assert kept(kit) == [("3 -2", True)]


def test_an_answer_to_a_question_that_has_changed_does_not_count(kit: Kit) -> None:
    grader(kit.layout.root, "predict", "scale", "--answers", "3 -2")
    path = kit.layout.predictions_file(kit.name)
    path.write_text(PREDICTIONS.replace("1.5", "2.5").replace("[3.0", "[5.0").replace("2.25", "6.25"))
    assert "You said" not in grader(kit.layout.root, "predict", "scale").stdout


def test_show_begins_with_it_where_there_are_questions(kit: Kit) -> None:
    line = "before you code: grader predict scale\n"
    assert line in grader(kit.layout.root, "show", "scale").stdout
    kit.layout.predictions_file(kit.name).unlink()
    assert line not in grader(kit.layout.root, "show", "scale").stdout
    done = grader(kit.layout.root, "predict", "scale")
    assert done.returncode == 2
    assert "ch1_mini/scale has nothing to predict" in done.stderr


def test_it_is_instant() -> None:
    code = (
        "import sys; from grader.cli.entry import run; run(['predict', 'softmax']);"
        "sys.exit(any(name in sys.modules for name in ('torch', 'numpy', 'pytest', 'matplotlib')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=PACKAGE, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("[[question]]\nask = \"Does", "[other]\nask = \"Does", "other: nothing but [[question]] tables was expected"),
        ("ask = \"Does", "asks = \"Does", "[[question]]: Object"),
        ('why = "The sign stays."', 'why = " "', "[[question]] 1: why: a text was expected"),
        ('code = "double(x).tolist()"', 'code = "double(x"', "[[question]] 1: code: valid Python was expected"),
        ('answer = "[3.0, -2.0]"', 'answer = "[3.0, True]"', "[[question]] 1: answer: values of one kind"),
        ('answer = "[3.0, -2.0]"', 'answer = "[3.0, x]"', "[[question]] 1: answer: numbers, True, False, texts"),
        ('answer = "False"', 'answer = "nothing at all"', "[[question]] 3: answer: a literal of Python was expected"),
        ('answer = "False"', 'answer = "no"\nchoices = ["yes"]', "[[question]] 3: answer: one of the choices"),
        ("[2.25, 1.0]", "[3.00, -2.0]", None),
        ("[2.25, 1.0]", "[3.0, -2.0]", "[[question]] 1: wrong 1: an answer other than the right one"),
        ("[2.25, 1.0]", "True", "[[question]] 1: wrong 1: an answer of the right one's kind"),
        ('why = "That is each element squared."', 'why = ""', "[[question]] 1: wrong 1: `why` was expected"),
        (LAST, "", "[[question]]: 3 to 5 questions were expected, and there are 2"),
    ],
)  # fmt: skip
def test_what_is_wrong_in_the_file_is_told(kit: Kit, before: str, after: str, told: str | None) -> None:
    path = kit.layout.predictions_file(kit.name)
    assert before in PREDICTIONS
    path.write_text(PREDICTIONS.replace(before, after, 1))
    if told is None:
        assert len(read_questions(kit.layout, kit.name)) == 3
        return
    with pytest.raises(ContentError) as caught:
        read_questions(kit.layout, kit.name)
    assert caught.value.message.startswith(f"tests/graded/predict/ch1_mini/scale.toml: {told}")
    assert caught.value.message in "\n".join(violations(kit.layout, kit.curriculum, list(kit.curriculum.exercises)))


def test_the_laws_want_the_file_and_no_line_of_the_solution_in_it(kit: Kit) -> None:
    def told() -> str:
        return "\n".join(violations(kit.layout, kit.curriculum, list(kit.curriculum.exercises)))

    path = kit.layout.predictions_file(kit.name)
    assert "predict" not in told()
    kit.define("\n\ndef thrice(x):\n    # TODO: more.\n    return torch.stack([x, x, x]).sum(dim=0)\n")
    path.write_text(PREDICTIONS + '\n[[question]]\nask = "More?"\ncode = "1"\nanswer = "1"\nwhy = """\n'
                    'return torch.stack([x, x, x]).sum(dim=0)\n"""\n')  # fmt: skip
    assert "give this away: tests/graded/predict/ch1_mini/scale.toml: return torch.stack" in told()
    path.rename(path.with_name("stray.toml"))
    assert "ch1_mini/scale: tests/graded/predict/ch1_mini/scale.toml is missing; write 3 to 5 questions" in told()
    assert "tests/graded/predict/ch1_mini/stray.toml: it belongs to no exercise" in told()


def test_what_is_kept_is_plain_to_read(kit: Kit) -> None:
    grader(kit.layout.root, "predict", "scale", "--answers", "größer\n2 3")
    (entry,) = json.loads((kit.layout.state / "predictions.json").read_text())["exercises"][kit.name]
    assert entry == {
        "ask": "What is the shape of `halve(x)` for an `x` of the shape `(2, 3)`?",
        "answer": "(2, 3)",
        "given": "2 3",
        "right": True,
    }
