"""`grader train`: the learner's own loop on the kit's text or on any other, with progress, samples and a checkpoint."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
import torch
from running import PACKAGE, grader

from grader.author.release import NOT_KEPT_IN_GIT
from grader.course import texts
from grader.course.layout import Layout
from grader.errors import UsageError
from grader.learner.own_text import cut, read_own_text
from grader.learner.own_tokenizer import OwnTokenizer, SavedTokenizer
from grader.learner.run_record import RunRecord, keep_record, record_of
from grader.learner.sampling import Sampler, moments_of
from grader.learner.train_loop import Losses
from grader.learner.writing import Moment, Writing, keep_writing, read_writing
from grader.render.loss_figure import loss_figure

ONE_THREAD = {"OMP_NUM_THREADS": "1"}
SMALL = ("--context", "16", "--width", "16", "--layers", "1", "--heads", "2")
PNG = b"\x89PNG"


def written(root: Path) -> Writing:
    found = read_writing(Layout(root))
    assert found is not None
    return found


# -- the kit's text ---------------------------------------------------------------------------------------


def test_training_shows_progress_and_samples_and_goes_on_from_a_checkpoint(solved: Path) -> None:
    """Twelve steps, then more than before, and fewer: the picture is drawn each time."""
    run = ("train", "--checkpoint", "run.pt", "--steps")
    done = grader(solved, *run, "12", env=ONE_THREAD)
    assert done.returncode == 0, done.stderr
    assert re.search(r"step 12 of 12  loss \d\.\d{3}  floor 0\.502  [\d,]+ tokens/s  0 s left", done.stderr)
    assert re.findall(r"^step (\d+), loss", done.stdout, re.MULTILINE) == ["1", "3", "12"]
    assert "floor for windows of 64 characters: 0.550; the loss is" in done.stdout
    assert (solved / "losses.png").read_bytes().startswith(PNG)
    first = written(solved)
    assert [moment.step for moment in first.moments] == [1, 3, 12]
    assert all(len(moment.text) == 120 and set(moment.text) <= set(texts.ALPHABET) for moment in first.moments)
    assert first.held_out - first.moments[-1].loss == pytest.approx(0, abs=0.5)

    (solved / "losses.png").unlink()
    more = grader(solved, *run, "20", env=ONE_THREAD)
    assert more.returncode == 0, more.stderr
    assert "step 12 of" not in more.stderr
    assert (solved / "losses.png").read_bytes().startswith(PNG)
    assert [moment.step for moment in written(solved).moments] == [1, 3, 12, 20]

    fewer = grader(solved, *run, "4", env=ONE_THREAD)
    assert fewer.stderr == ""
    assert "No step was taken: 20 steps have been taken already." in fewer.stdout
    assert written(solved).steps == 20


def test_the_steps_at_which_was_evaluated_are_known_over_several_runs() -> None:
    record = RunRecord({}).begun_at(1, 4, 10)
    assert list(record.evaluated()) == [4, 8, 10]
    assert list(record.begun_at(9, 4, 10).evaluated()) == [4, 8, 10]
    longer = record.begun_at(11, 6, 20)
    assert list(longer.evaluated()) == [4, 8, 10, 12, 18, 20]
    assert list(longer.begun_at(1, 3, 6).evaluated()) == [3, 6]


def test_a_step_that_is_taken_again_takes_its_sample_again() -> None:
    record = RunRecord({}).begun_at(1, 4, 10).with_moment(Moment(1, 3.0, "a")).with_moment(Moment(6, 2.0, "b"))
    assert [moment.step for moment in record.begun_at(5, 4, 10).moments] == [1]


def test_the_picture_has_each_loss_at_its_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was drawn is looked at, not the bytes: lines, their places, the names of the axes."""
    from matplotlib.figure import Figure

    drawn: list[Figure] = []
    save = Figure.savefig

    def noted(self: Figure, *args: Any, **kwargs: Any) -> None:
        drawn.append(self)
        save(self, *args, **kwargs)

    monkeypatch.setattr(Figure, "savefig", noted)
    content = loss_figure(Losses((3.0, 2.0, 1.5), ((2, 2.5), (3, 1.75))), {"floor": 0.5}, "character")
    assert content.startswith(PNG)
    (axes,) = drawn[0].axes
    lines = {line.get_label(): np.asarray(line.get_xydata()) for line in axes.lines}
    assert lines["training, each batch"].tolist() == [[1, 3.0], [2, 2.0], [3, 1.5]]
    assert lines["held-out text"].tolist() == [[2, 2.5], [3, 1.75]]
    assert lines["floor"][:, 1].tolist() == [0.5, 0.5]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("step", "loss in nats per character")


def test_three_moments_of_a_run() -> None:
    assert moments_of(1600) == [100, 400, 1600]
    assert moments_of(1) == [1]
    assert moments_of(3) == [1, 3]


def test_a_sample_leaves_model_and_random_numbers_as_they_were() -> None:
    model = torch.nn.Sequential(torch.nn.Embedding(3, 3), torch.nn.Dropout(0.5))
    model[1].eval()
    state = torch.get_rng_state()
    sampler = Sampler(model, [0], lambda ids: "".join("abc"[i] for i in ids), 4, 50)
    assert sampler.sample(1) == sampler.sample(1)
    assert set(sampler.sample(1)) == set("abc")
    assert torch.equal(torch.get_rng_state(), state)
    assert (model.training, model[1].training) == (True, False)


def test_what_training_writes_is_ignored_by_git() -> None:
    ignored = (PACKAGE / ".gitignore").read_text().splitlines()
    assert set(NOT_KEPT_IN_GIT) <= set(ignored)
    assert {"/losses.png", "/my-gpt/", "/my-translator/"} <= set(NOT_KEPT_IN_GIT)


# -- what goes wrong --------------------------------------------------------------------------------------


@pytest.mark.parametrize("steps", ["0", "-3", "many"])
def test_a_number_of_steps_is_one_or_more(solved: Path, steps: str) -> None:
    done = grader(solved, "train", "--steps", steps)
    assert done.returncode == 2
    assert "'--steps'" in done.stderr


def test_a_device_that_is_not_there_is_told(solved: Path) -> None:
    done = grader(solved, "train", "--device", "abacus")
    assert done.returncode == 2
    assert "there is no device 'abacus' here" in done.stderr
    assert "cpu" in done.stderr


def test_stubs_cannot_be_trained(solved: Path) -> None:
    shutil.copy(PACKAGE / "exercises" / "ch6_training" / "train.py", solved / "exercises" / "ch6_training" / "train.py")
    done = grader(solved, "train")
    assert done.returncode == 2
    assert "ch6_training/train is still to do" in done.stderr


def test_an_error_of_the_learners_code_is_shown_with_its_line_and_none_of_ours(solved: Path) -> None:
    """What torch has not implemented, and what they wrote wrong, is no stub."""
    gpt = solved / "exercises" / "ch5_models" / "gpt.py"
    gpt.write_text(gpt.read_text().replace("mask = causal_mask(ids.shape[1])", "mask = causal_mask(ids.shap[1])"))
    line = 1 + gpt.read_text().split("\n").index("        mask = causal_mask(ids.shap[1]).to(ids.device)")
    done = grader(solved, "train", "--steps", "12", env=ONE_THREAD)
    assert done.returncode == 1
    assert "Your code raised AttributeError: 'Tensor' object has no attribute 'shap'" in done.stderr
    assert f"exercises/ch5_models/gpt.py:{line}  in GPT.forward" in done.stderr
    assert "mask = causal_mask(ids.shap[1])" in done.stderr
    assert "exercises/ch6_training/train.py" in done.stderr
    assert "still to do" not in done.stderr
    assert "grader/" not in done.stderr


def test_a_notebook_counts_and_its_cell_is_named(solved: Path) -> None:
    """`gpt` is written as a notebook: an error of it is in that file, at its cell."""
    path = solved / "exercises" / "ch5_models" / "gpt.py"
    wrong = path.read_text().replace("x = block(x, mask)", "x = block(x, mask) / nobody")
    path.unlink()
    cell: dict[str, Any] = {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": []}
    cells = [{**cell, "id": f"a{i}", "source": source} for i, source in enumerate(("import math", wrong))]
    notebook = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}
    path.with_suffix(".ipynb").write_text(json.dumps(notebook))
    done = grader(solved, "train", "--steps", "2", env=ONE_THREAD)
    assert done.returncode == 1
    assert "Your code raised NameError: name 'nobody' is not defined" in done.stderr
    assert re.search(r"exercises/ch5_models/gpt\.ipynb cell 2:\d+  in GPT\.forward", done.stderr)


def test_sizes_of_a_model_need_a_text(solved: Path) -> None:
    done = grader(solved, "train", "--width", "16")
    assert done.returncode == 2
    assert "--width goes with --text FILE" in done.stderr


# -- a text of one's own ----------------------------------------------------------------------------------


def test_a_text_of_ones_own_is_trained_on_and_kept(solved: Path) -> None:
    """To less than 60 % of its first loss, in byte pairs; stopped in the middle, it goes on from its checkpoint."""
    (solved / "tale.txt").write_text("Größe: the bull keeps the cart. " * 60 + "\n", encoding="utf-8")
    run = ("train", "--text", "tale.txt", "--tokenizer", "bytes", "--vocabulary", "280", *SMALL)
    half = grader(solved, *run, "--steps", "30", env=ONE_THREAD)
    assert half.returncode == 0, half.stderr
    done = grader(solved, *run, "--steps", "60", env=ONE_THREAD)
    assert done.returncode == 0, done.stderr
    assert "step 30 of 60" not in done.stderr
    share = re.search(r"the first step's loss was [\d.]+; the loss is (\d+) % of that", done.stdout)
    assert share is not None
    assert int(share[1]) < 60
    assert "nats per character; a token has" in done.stdout
    assert "floor" not in done.stderr + done.stdout
    assert {path.name for path in (solved / "my-gpt").iterdir()} == {
        "gpt.json", "model.safetensors", "checkpoint.pt", "checkpoint.pt.json", "losses.png",
    }  # fmt: skip
    assert [moment.step for moment in written(solved).moments] == [2, 8, 30, 60]

    played = grader(solved, "play", "--prompt", "the bull", "--tokens", "30", "--seed", "1", env=ONE_THREAD)
    assert played.returncode == 0, played.stderr
    assert played.stdout.startswith("the bull")
    assert len(played.stdout) > 25
    assert "tokens per second with the KV cache" in played.stderr

    other = grader(solved, "train", "--text", "data/senses.tsv", "--steps", "2", *SMALL, env=ONE_THREAD)
    assert other.returncode == 2
    assert "my-gpt holds a model that was trained on tale.txt" in other.stderr
    wider = grader(solved, *run, "--width", "32", "--steps", "60", env=ONE_THREAD)
    assert wider.returncode == 2
    assert "checkpoint.pt is of another run: there, the width is 16, and here it is 32" in wider.stderr


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "has no text in it"),
        (b" \n\t\n", "has no text in it"),
        (b"one\ntwo \xe9\n", "is not UTF-8: the byte 0xe9 in line 2"),
    ],
)
def test_a_file_without_a_text_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "a.txt").write_bytes(content)
    with pytest.raises(UsageError, match=message):
        read_own_text(tmp_path / "a.txt")


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"a\.txt cannot be read: No such file"):
        read_own_text(tmp_path / "a.txt")
    with pytest.raises(UsageError, match=r"cannot be read: Is a directory"):
        read_own_text(tmp_path)


def test_a_text_comes_with_plain_line_ends(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"\xef\xbb\xbfone\r\ntwo\rthree")
    assert read_own_text(tmp_path / "a.txt") == "one\ntwo\nthree"


def test_a_text_is_long_enough_for_windows_in_both_parts() -> None:
    assert [len(part) for part in cut(list(range(170)), 16, "a")] == [153, 17]
    with pytest.raises(UsageError, match="a is too short: 169 tokens, and windows of 16 need 170 or more"):
        cut(list(range(169)), 16, "a")


def test_a_character_that_was_never_seen_is_named() -> None:
    tokenizer = OwnTokenizer(SavedTokenizer("characters", " abc"), None)
    with pytest.raises(UsageError, match="the model has never seen 'x', 'é', so it has no token for them") as raised:
        tokenizer.encode("abéx")
    assert raised.value.hint == "it knows these characters:  abc"


def test_a_tokenizer_is_kept_byte_for_byte() -> None:
    saved = SavedTokenizer("bytes", vocab={0: b"\xff", 1: b"a", 2: b"\xffa"}, merges=((b"\xff", b"a"),))
    assert msgspec.json.decode(msgspec.json.encode(saved), type=SavedTokenizer) == saved
    assert saved.size == 3


def test_a_record_of_another_run_is_refused(tmp_path: Path) -> None:
    checkpoint = tmp_path / "run.pt"
    keep_record(checkpoint, RunRecord({"the width": "16"}).begun_at(1, 2, 4))
    assert record_of(checkpoint, {"the width": "32"}).segments == ()  # there is no checkpoint: nothing to go on from
    checkpoint.touch()
    with pytest.raises(UsageError, match="there, the width is 16, and here it is 32"):
        record_of(checkpoint, {"the width": "32"})
    assert len(record_of(checkpoint, {"the width": "16"}).segments) == 1


def test_what_was_written_last_is_kept(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    assert read_writing(layout) is None
    writing = Writing("a.txt", 4, (Moment(1, 3.5, "ab\ncd"),), 2.5, None, None, 16, "2020-01-01T00:00:00+00:00")
    keep_writing(layout, writing)
    assert read_writing(layout) == writing
    (layout.state / "writing.json").write_bytes(b"{")
    assert read_writing(layout) is None
