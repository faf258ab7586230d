"""The weights of a learner's model in a folder, as safetensors: numbers under names, which can run no code."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from grader.course.files import write_atomically
from grader.errors import UsageError

WEIGHTS = "model.safetensors"


def save_weights(folder: Path, model: Any) -> None:
    """Write what the model's state dict has. A tensor with two names is written under both."""
    from safetensors.torch import save  # brings torch

    state = {name: value.detach().cpu().contiguous().clone() for name, value in model.state_dict().items()}
    write_atomically(folder / WEIGHTS, save(state))


def load_weights(folder: Path, model: Any) -> None:
    """Put them into a model whose parameters have just these names and shapes."""
    from safetensors import SafetensorError  # brings torch
    from safetensors.torch import load_file

    try:
        state = load_file(folder / WEIGHTS)
    except (OSError, SafetensorError) as error:
        raise UsageError(f"{folder / WEIGHTS} cannot be read: {error}", "train again with --anew") from None
    wanted = {name: tuple(value.shape) for name, value in model.state_dict().items()}
    found = {name: tuple(value.shape) for name, value in state.items()}
    for name in [*wanted, *found]:
        if wanted.get(name) != found.get(name):
            raise UsageError(
                f"the weights in {folder} do not fit your model: {name} is {_shape(found.get(name))} there, and "
                f"{_shape(wanted.get(name))} in your model",
                "the class has changed since; train again with --anew",
            )
    model.load_state_dict(state)


def _shape(shape: tuple[int, ...] | None) -> str:
    return "missing" if shape is None else str(shape)
