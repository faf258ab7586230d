"""A trained GPT of the learner's in a folder: its sizes, its tokenizer and its weights, read without running code."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from grader.course.files import write_atomically
from grader.errors import UsageError
from grader.learner.own_code import OwnCode
from grader.learner.own_tokenizer import OwnTokenizer, SavedTokenizer, made_again
from grader.learner.weights import WEIGHTS, load_weights, save_weights

ABOUT = "gpt.json"


class Sizes(msgspec.Struct, frozen=True):
    """The sizes of a GPT, by the names of GPTConfig."""

    vocab_size: int
    max_len: int
    d_model: int
    n_layers: int
    n_heads: int
    d_ff: int


class SavedGPT(msgspec.Struct, frozen=True):
    """What stands in `gpt.json`. `about` tells it from others, in words; `start` is what its samples begin after."""

    sizes: Sizes
    tokenizer: SavedTokenizer
    about: dict[str, str]
    start: str
    steps: int
    held_out: float
    version: int = 1


@dataclass(frozen=True)
class OwnGPT:
    """A model of the learner's class in eval mode, and its tokenizer."""

    model: Any
    tokenizer: OwnTokenizer
    max_len: int
    start: str
    name: str


def new_gpt(code: OwnCode, sizes: Sizes) -> Any:
    """A model of the learner's class, untrained."""
    module = code.module("ch5_models/gpt")
    return module.GPT(module.GPTConfig(**msgspec.structs.asdict(sizes)))


def save_gpt(folder: Path, saved: SavedGPT, model: Any) -> None:
    """Write the weights, then what they are: a reader finds a whole model, or none."""
    save_weights(folder, model)
    write_atomically(folder / ABOUT, msgspec.json.encode(saved))


def load_gpt(code: OwnCode, folder: Path, device: str) -> OwnGPT:
    """The model that `grader train` left in a folder, in the learner's class as it is now."""
    saved = read_about(folder)
    tokenizer = made_again(code, saved.tokenizer)
    model = new_gpt(code, saved.sizes)
    load_weights(folder, model)
    return OwnGPT(model.to(device).eval(), tokenizer, saved.sizes.max_len, saved.start, str(folder))


def read_about(folder: Path) -> SavedGPT:
    if not (folder / ABOUT).is_file() or not (folder / WEIGHTS).is_file():
        raise UsageError(f"there is no trained model in {folder}", "`grader train --text FILE` makes one in my-gpt")
    try:
        return msgspec.json.decode((folder / ABOUT).read_bytes(), type=SavedGPT)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{folder / ABOUT} cannot be read: {error}", "train it again with --anew") from None
