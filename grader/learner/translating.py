"""The learner's own translator: trained on the kit's pairs of sentences, kept in a folder, and asked."""

from __future__ import annotations

import difflib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from grader.course.files import write_atomically
from grader.course.layout import Layout
from grader.errors import UsageError
from grader.learner.devices import check_device
from grader.learner.own_code import OwnCode
from grader.learner.train_loop import Step
from grader.learner.weights import WEIGHTS, load_weights, save_weights

ABOUT = "translator.json"
PAIRS = "translation.tsv"
PAD, START, STOP, FIRST_WORD = 0, 1, 2, 3
MAX_LEN = 16
HELD_OUT = 200
BATCH_SIZE, RATE = 48, 4e-3
CLOSE = 3
Pair = tuple[list[str], list[str]]


class SavedTranslator(msgspec.Struct, frozen=True):
    """What stands in `translator.json`: the words of both languages by id, and the sizes by the config's names."""

    source: tuple[str, ...]
    target: tuple[str, ...]
    sizes: dict[str, int]
    steps: int
    right: float
    version: int = 1


@dataclass(frozen=True)
class TranslatorTrained:
    """What a run came to: the losses, and the share of sentences it has not seen that it translates word for word."""

    losses: tuple[float, ...]
    right: float
    sentences: int
    folder: Path


@dataclass(frozen=True)
class Translated:
    """A sentence, its translation, and for each word of that how much it looked at each word of the sentence.

    `weights` are those of the last decoder block's cross-attention, the mean of its heads; None where the learner's
    block does not call `cross_attention`. `is_whole` says whether the translation came to its end.
    """

    source: tuple[str, ...]
    target: tuple[str, ...]
    weights: tuple[tuple[float, ...], ...] | None
    is_whole: bool


# -- training ---------------------------------------------------------------------------------------------


def train_translator(
    layout: Layout, code: OwnCode, folder: Path, steps: int, device: str, report: Callable[[Step], None]
) -> TranslatorTrained:
    """Train on all pairs but the last ones, and translate those."""
    import torch  # heavy, and only some commands need it

    check_device(device)
    pairs = _pairs(layout)
    source, target = (tuple(sorted({word for pair in pairs for word in pair[side]})) for side in (0, 1))
    sizes = {"max_len": MAX_LEN, "d_model": 64, "n_layers": 1, "n_heads": 4, "d_ff": 128}
    saved = SavedTranslator(source, target, sizes, steps, 0.0)
    module = code.module("ch5_models/translator")
    model = _new(module, saved).to(device)
    known, asked = pairs[:-HELD_OUT], pairs[-HELD_OUT:]
    rows = [_padded([saved_ids(saved, pair)[side] for pair in known], device) for side in (0, 1)]
    watcher = _Watcher(steps, BATCH_SIZE * rows[1].shape[1], report)
    losses = module.train_translator(
        model, *rows, steps, BATCH_SIZE, RATE, torch.Generator().manual_seed(0), watcher
    )  # fmt: skip
    right = _share_right(module, model.eval(), [saved_ids(saved, pair) for pair in asked], device)
    save_weights(folder, model)
    write_atomically(folder / ABOUT, msgspec.json.encode(msgspec.structs.replace(saved, right=right)))
    return TranslatorTrained(tuple(float(loss) for loss in losses), right, len(asked), folder)


def _pairs(layout: Layout) -> list[Pair]:
    lines = (layout.data / PAIRS).read_text(encoding="utf-8").splitlines()
    return [(english.split(), german.split()) for english, german in (line.split("\t") for line in lines)]


def saved_ids(saved: SavedTranslator, pair: Pair) -> tuple[list[int], list[int]]:
    """The ids of a sentence and its translation; that one between start and stop."""
    source, target = (
        [words.index(word) + FIRST_WORD for word in sentence]
        for words, sentence in zip((saved.source, saved.target), pair, strict=True)
    )
    return source, [START, *target, STOP]


def _padded(rows: Sequence[Sequence[int]], device: str) -> Any:
    import torch  # heavy, and only some commands need it

    longest = max(map(len, rows))
    return torch.tensor([[*row, *[PAD] * (longest - len(row))] for row in rows], device=device)


def _share_right(module: Any, model: Any, pairs: list[tuple[list[int], list[int]]], device: str) -> float:
    """The share of these sentences whose translation is the known one, word for word, up to the stop token."""
    answers = module.greedy_translate(model, _padded([source for source, _ in pairs], device), START, STOP, MAX_LEN - 2)
    right = [row[: len(target)] == target for row, (_, target) in zip(answers.tolist(), pairs, strict=True)]
    return float(sum(right) / len(right))


def _new(module: Any, saved: SavedTranslator) -> Any:
    vocabularies = {"source_vocab": len(saved.source) + FIRST_WORD, "target_vocab": len(saved.target) + FIRST_WORD}
    return module.Translator(module.TranslatorConfig(**vocabularies, **saved.sizes, pad_id=PAD))


class _Watcher:
    """Turns each step into a report."""

    def __init__(self, steps: int, tokens: int, report: Callable[[Step], None]) -> None:
        self.steps = steps
        self.tokens = tokens
        self.report = report
        self.started = time.monotonic()

    def __call__(self, step: int, loss: float, *_: object) -> None:
        pace = (time.monotonic() - self.started) / step
        self.report(Step(step, self.steps, float(loss), None, pace * (self.steps - step), self.tokens / pace))


# -- translating ------------------------------------------------------------------------------------------


def load_translator(code: OwnCode, folder: Path, device: str) -> OwnTranslator:
    """The translator that `grader train translator` left in a folder, in the learner's class as it is now."""
    check_device(device)
    if not (folder / ABOUT).is_file() or not (folder / WEIGHTS).is_file():
        raise UsageError(f"there is no trained translator in {folder}", "`grader train translator` makes one")
    try:
        saved = msgspec.json.decode((folder / ABOUT).read_bytes(), type=SavedTranslator)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{folder / ABOUT} cannot be read: {error}", "train it again") from None
    module = code.module("ch5_models/translator")
    model = _new(module, saved)
    load_weights(folder, model)
    return OwnTranslator(module, model.to(device).eval(), saved)


class OwnTranslator:
    """A trained translator of the learner's class, with the words that it knows."""

    def __init__(self, module: Any, model: Any, saved: SavedTranslator) -> None:
        self.module = module
        self.model = model
        self.saved = saved

    def translate(self, sentence: str) -> Translated:
        """Greedily, by the learner's own loop; then once more as a whole, to see what it looked at."""
        source = self._known(sentence.lower().replace(".", " ").split())
        ids = self._translated(source)
        target = tuple(self.saved.target[i - FIRST_WORD] for i in ids if i >= FIRST_WORD)
        return Translated(tuple(source), target, self._looked_at(source, len(target), ids), ids[-1:] == [STOP])

    def _known(self, words: list[str]) -> list[str]:
        """The words, if the small language has them all."""
        if not words:
            raise UsageError("there is no sentence to translate", self._examples())
        if len(words) > MAX_LEN:
            raise UsageError(f"{len(words)} words are more than the {MAX_LEN} that the translator reads at once")
        for word in words:
            if word not in self.saved.source:
                close = difflib.get_close_matches(word, self.saved.source, CLOSE)
                hint = f"it has {', '.join(close)}" if close else self._examples()
                raise UsageError(f"the small language has no word {word!r}", hint)
        return words

    def _examples(self) -> str:
        return f"it has these words: {' '.join(self.saved.source)}"

    def _translated(self, source: list[str]) -> list[int]:
        """The ids after the start token."""
        ids = self.module.greedy_translate(self.model, self._source(source), START, STOP, MAX_LEN - 2)
        return [int(i) for i in ids[0, 1:]]

    def _source(self, words: list[str]) -> Any:
        return _padded([[self.saved.source.index(word) + FIRST_WORD for word in words]], self._device())

    def _looked_at(self, source: list[str], n_words: int, ids: list[int]) -> tuple[tuple[float, ...], ...] | None:
        """The position that predicts a word is the one before it; the first word's is the start token's."""
        import torch  # heavy, and only some commands need it

        seen: list[tuple[tuple[Any, ...], dict[str, Any]]] = []
        attention = self.model.decoder[-1].cross_attention
        hook = attention.register_forward_pre_hook(
            lambda _, args, kwargs: seen.append((args, kwargs)), with_kwargs=True
        )  # fmt: skip
        try:
            with torch.no_grad():
                self.model(self._source(source), _padded([[START, *ids]], self._device()))
                if not seen:
                    return None
                args, kwargs = seen[-1]
                weights = attention.attention_weights(*args, **kwargs)[0].mean(0)
        finally:
            hook.remove()
        return tuple(tuple(float(share) for share in row) for row in weights[:n_words])

    def _device(self) -> Any:
        return next(self.model.parameters()).device
