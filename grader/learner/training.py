"""`grader train`: the learner's own GPT and training loop, on the kit's text or on any other, with progress.

Unlike a check this runs the learner's code in this process, as they would themselves: nothing is judged.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from grader.course import texts
from grader.course.layout import Layout
from grader.errors import UsageError
from grader.learner.devices import check_device
from grader.learner.own_code import OwnCode
from grader.learner.own_gpt import ABOUT, SavedGPT, Sizes, new_gpt, read_about, save_gpt
from grader.learner.own_text import cut, read_own_text
from grader.learner.own_tokenizer import Kind, OwnTokenizer, PlainCharacters, SavedTokenizer, tokenizer_for
from grader.learner.run_record import record_file
from grader.learner.sampling import Sampler
from grader.learner.train_loop import Plan, Step, Trained, run
from grader.learner.writing import Writing, keep_writing

LANGUAGE = "language.txt"
CHECKPOINT = "checkpoint.pt"
FRESH_CHARACTERS = 20_000
LANGUAGE_HELD_OUT = 2_000
BATCH_SIZE = 16
EVALUATIONS = 8
RATE_TIMES_WIDTH = 0.96  # a wider model takes smaller steps
SAMPLE_CHARACTERS = 120


@dataclass(frozen=True)
class Request:
    """What is asked for. `text` is None for the kit's own; `checkpoint` is None for none or, with a text, its own."""

    out: Path
    steps: int
    device: str = "cpu"
    text: Path | None = None
    checkpoint: Path | None = None
    anew: bool = False
    tokenizer: Kind | None = None
    vocabulary: int | None = None
    context: int = texts.CONTEXT
    width: int = 64
    layers: int = 2
    heads: int = 4

    @property
    def place_of_checkpoint(self) -> Path | None:
        """With a text of one's own there is always one."""
        if self.checkpoint is None and self.text is not None:
            return self.out / CHECKPOINT
        return self.checkpoint


@dataclass(frozen=True)
class Done:
    """What a run came to, the folder that it is kept in, and how many characters a token of its text has."""

    trained: Trained
    writing: Writing
    folder: Path
    characters_per_token: float


@dataclass(frozen=True)
class Corpus:
    """A text as tokens: to train on, to evaluate on meanwhile, and to measure on at the end."""

    name: str
    text: str
    tokenizer: OwnTokenizer
    train: list[int]
    held_out: list[int]
    measured: list[int]
    floor: float | None = None
    reachable: float | None = None

    @property
    def start(self) -> str:
        """What a sample begins after: the end of a line, or the text's first character."""
        return "\n" if "\n" in self.text else self.text[0]

    @property
    def characters_per_token(self) -> float:
        return len(self.tokenizer.decode(self.measured)) / len(self.measured)


def train(layout: Layout, code: OwnCode, request: Request, report: Callable[[Step], None]) -> Done:
    """Train, measure on text that the model has not seen, and keep the model and what it wrote."""
    check_device(request.device)
    corpus = _language(layout) if request.text is None else _own(code, request, request.text)
    sizes = Sizes(
        corpus.tokenizer.saved.size, request.context, request.width, request.layers, request.heads,
        2 * request.width if request.text is None else 4 * request.width,
    )  # fmt: skip
    about = _about(corpus, sizes)
    _prepare(request, about)
    model = new_gpt(code, sizes).to(request.device)
    plan = Plan(_settings(code, request), about, request.place_of_checkpoint, corpus.floor)
    lesson = code.module("ch6_training/train")
    trained = run(lesson, _sampler(corpus, model, request), _tensors(corpus, request), plan, report)
    held_out = float(lesson.evaluate(model, _tensor(corpus.measured, request), request.context, 32))
    save_gpt(request.out, SavedGPT(sizes, corpus.tokenizer.saved, about, corpus.start, trained.steps, held_out), model)
    writing = Writing(
        corpus.name, trained.steps, trained.moments, held_out, corpus.floor, corpus.reachable, request.context,
        datetime.now().astimezone().isoformat(timespec="seconds"),
    )  # fmt: skip
    keep_writing(layout, writing)
    return Done(trained, writing, request.out, corpus.characters_per_token)


# -- the text ---------------------------------------------------------------------------------------------


def _language(layout: Layout) -> Corpus:
    """The kit's own text. It is measured on fresh text of its grammar."""
    tokenizer = OwnTokenizer(SavedTokenizer("characters", texts.ALPHABET), PlainCharacters(texts.ALPHABET))
    text = (layout.data / LANGUAGE).read_text(encoding="utf-8")
    ids, fresh = tokenizer.encode(text), tokenizer.encode(texts.fresh_text(FRESH_CHARACTERS, time.time_ns() % 2**31))
    return Corpus(
        LANGUAGE, text, tokenizer, ids[:-LANGUAGE_HELD_OUT], ids[-LANGUAGE_HELD_OUT:], fresh, texts.floor(),
        texts.REACHABLE_FLOOR,
    )  # fmt: skip


def _own(code: OwnCode, request: Request, path: Path) -> Corpus:
    """Any other text. Its last tenth is held out."""
    text = read_own_text(path)
    tokenizer = tokenizer_for(code, text, request.tokenizer, request.vocabulary)
    ids, held_out = cut(tokenizer.encode(text), request.context, str(path))
    return Corpus(path.name, text, tokenizer, ids, held_out, held_out)


# -- the run ----------------------------------------------------------------------------------------------


def _about(corpus: Corpus, sizes: Sizes) -> dict[str, str]:
    """What tells this run's model from others, in words."""
    saved = corpus.tokenizer.saved
    mark = hashlib.sha256(corpus.text.encode()).hexdigest()[:8]
    return {
        "the text": f"{corpus.name} ({len(corpus.text):,} characters, SHA-256 {mark}…)",
        "the tokenizer": f"by {'characters' if saved.kind == 'characters' else 'byte pairs'}, {saved.size} tokens",
        "the context": str(sizes.max_len),
        "the width": str(sizes.d_model),
        "the number of layers": str(sizes.n_layers),
        "the number of heads": str(sizes.n_heads),
    }


def _prepare(request: Request, about: dict[str, str]) -> None:
    """Have the folder there, and nothing in it that this run would destroy unasked."""
    if request.anew:
        if request.place_of_checkpoint is not None:
            request.place_of_checkpoint.unlink(missing_ok=True)
            record_file(request.place_of_checkpoint).unlink(missing_ok=True)
    elif (request.out / ABOUT).exists():
        there = read_about(request.out).about
        if there.get("the text") != about["the text"]:
            raise UsageError(
                f"{request.out} holds a model that was trained on {there.get('the text', 'another text')}",
                "give another folder with --out; --anew puts the new one in its place",
            )
    try:
        request.out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{request.out} cannot be a folder: {error.strerror}", "give another one with --out") from None


def _settings(code: OwnCode, request: Request) -> Any:
    part = max(1, request.steps // EVALUATIONS)
    rate = RATE_TIMES_WIDTH / request.width
    return code.module("ch6_training/train").TrainSettings(
        steps=request.steps, batch_size=BATCH_SIZE, context=request.context, max_lr=rate, min_lr=rate / 30,
        warmup_steps=part, weight_decay=0.01, max_norm=1.0, seed=0, eval_every=part,
    )  # fmt: skip


def _sampler(corpus: Corpus, model: Any, request: Request) -> Sampler:
    tokens = round(SAMPLE_CHARACTERS / corpus.characters_per_token)
    return Sampler(model, corpus.tokenizer.encode(corpus.start), corpus.tokenizer.decode, request.context, tokens)


def _tensors(corpus: Corpus, request: Request) -> tuple[Any, Any]:
    return _tensor(corpus.train, request), _tensor(corpus.held_out, request)


def _tensor(ids: list[int], request: Request) -> Any:
    import torch  # heavy, and only this command needs it

    return torch.tensor(ids, device=request.device)
