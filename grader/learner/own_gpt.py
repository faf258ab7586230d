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

ABOUT = "gpt.json"
WEIGHTS = "model.safetensors"


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
    from safetensors.torch import save  # brings torch

    state = {name: value.detach().cpu().contiguous().clone() for name, value in model.state_dict().items()}
    write_atomically(folder / WEIGHTS, save(state))
    write_atomically(folder / ABOUT, msgspec.json.encode(saved))


def load_gpt(code: OwnCode, folder: Path, device: str) -> OwnGPT:
    """The model that `grader train` left in a folder, in the learner's class as it is now."""
    from safetensors.torch import load_file  # brings torch

    saved = read_about(folder)
    tokenizer = made_again(code, saved.tokenizer)
    model = new_gpt(code, saved.sizes)
    fill(model, load_file(folder / WEIGHTS), str(folder))
    return OwnGPT(model.to(device).eval(), tokenizer, saved.sizes.max_len, saved.start, str(folder))


def read_about(folder: Path) -> SavedGPT:
    if not (folder / ABOUT).is_file() or not (folder / WEIGHTS).is_file():
        raise UsageError(f"there is no trained model in {folder}", "`grader train --text FILE` makes one in my-gpt")
    try:
        return msgspec.json.decode((folder / ABOUT).read_bytes(), type=SavedGPT)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{folder / ABOUT} cannot be read: {error}", "train it again with --anew") from None


def fill(model: Any, state: dict[str, Any], origin: str) -> None:
    """Put weights into a model whose parameters have just these names and shapes."""
    wanted = {name: tuple(value.shape) for name, value in model.state_dict().items()}
    found = {name: tuple(value.shape) for name, value in state.items()}
    for name in [*wanted, *found]:
        if wanted.get(name) != found.get(name):
            raise UsageError(
                f"the weights in {origin} do not fit your model: {name} is {_shape(found.get(name))} there, and "
                f"{_shape(wanted.get(name))} in your model",
                "the class has changed since; train again with --anew",
            )
    model.load_state_dict(state)


def _shape(shape: tuple[int, ...] | None) -> str:
    return "missing" if shape is None else str(shape)
