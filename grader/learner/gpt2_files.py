"""GPT-2 as it was published, from a folder that the learner filled: sizes, tokenizer and weights for their own model.

Nothing is fetched. The weights are read as safetensors, which hold numbers alone.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec

from grader.errors import UsageError
from grader.learner.own_code import OwnCode
from grader.learner.own_gpt import OwnGPT
from grader.learner.own_tokenizer import SavedTokenizer, made_again

CONFIG, VOCAB, MERGES, WEIGHTS = "config.json", "vocab.json", "merges.txt", "model.safetensors"
END_OF_TEXT = "<|endoftext|>"
EXERCISE = "ch7_inference/gpt2_weights"
PREFIX = "transformer."
BUFFER = re.compile(r"h\.\d+\.attn\.(bias|masked_bias)")  # masks that were saved along; no parameters
HEAD = "lm_head.weight"
TABLE = "wte.weight"
ACTIVATIONS = {"gelu_new": "gelu_tanh", "gelu_pytorch_tanh": "gelu_tanh", "gelu": "gelu"}
EPSILON = 1e-5  # that of the learner's LayerNorm


class PublishedConfig(msgspec.Struct, frozen=True):
    """What of GPT-2's `config.json` says how the model computes."""

    vocab_size: int
    n_positions: int
    n_embd: int
    n_layer: int
    n_head: int
    n_inner: int | None = None
    activation_function: str = "gelu_new"
    layer_norm_epsilon: float = EPSILON
    scale_attn_weights: bool = True
    scale_attn_by_inverse_layer_idx: bool = False


def load_gpt2_folder(code: OwnCode, folder: Path, device: str) -> OwnGPT:
    """The model of the folder's weights in the learner's GPT, by their `load_gpt2`, and their byte-pair tokenizer."""
    _check_files(folder)
    config = read_config(folder / CONFIG)
    tokenizer = made_again(code, read_tokenizer(folder))
    if tokenizer.saved.size > config.vocab_size:
        raise UsageError(
            f"{folder / VOCAB} has ids up to {tokenizer.saved.size - 1}; vocab_size in {CONFIG} is {config.vocab_size}",
            "take all four files from one model",
        )
    activation = getattr(code.module("ch4_blocks/feed_forward"), ACTIVATIONS[config.activation_function])
    gpt = code.module("ch5_models/gpt")
    sizes = gpt.GPTConfig(
        vocab_size=config.vocab_size, max_len=config.n_positions, d_model=config.n_embd, n_layers=config.n_layer,
        n_heads=config.n_head, d_ff=config.n_inner or 4 * config.n_embd, activation=activation,
    )  # fmt: skip
    model = code.module(EXERCISE).load_gpt2(read_weights(folder / WEIGHTS), sizes)
    start = END_OF_TEXT if tokenizer.saved.special_tokens else "\n"
    return OwnGPT(model.to(device).eval(), tokenizer, config.n_positions, start, str(folder))


def _check_files(folder: Path) -> None:
    missing = [name for name in (CONFIG, VOCAB, MERGES, WEIGHTS) if not (folder / name).is_file()]
    if missing:
        raise UsageError(
            f"{folder} lacks {', '.join(missing)}",
            "download GPT-2's four files into one folder (docs/play.md); pickled weights (.bin, .pt) are not read, "
            "because they can run code",
        )


def read_config(path: Path) -> PublishedConfig:
    """The published sizes. A model that computes in another way than the learner's GPT is refused."""
    try:
        config = msgspec.json.decode(path.read_bytes(), type=PublishedConfig)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is not the configuration of a GPT-2: {error}") from None
    odd = {
        "activation_function": config.activation_function not in ACTIVATIONS,
        "layer_norm_epsilon": config.layer_norm_epsilon != EPSILON,
        "scale_attn_weights": not config.scale_attn_weights,
        "scale_attn_by_inverse_layer_idx": config.scale_attn_by_inverse_layer_idx,
    }
    for name, is_odd in odd.items():
        if is_odd:
            raise UsageError(
                f"{path}: {name} is {getattr(config, name)!r}; your GPT does not compute that way",
                "gpt2, gpt2-medium, gpt2-large and gpt2-xl fit",
            )
    return config


def read_tokenizer(folder: Path) -> SavedTokenizer:
    """The published vocabulary and merges, with each printable character back to the byte that it stands for."""
    byte_of = byte_of_character()
    try:
        published = msgspec.json.decode((folder / VOCAB).read_bytes(), type=dict[str, int])
        lines = (folder / MERGES).read_text(encoding="utf-8").split("\n")
        merges = tuple(
            (_bytes(line.split(" ")[0], byte_of), _bytes(line.split(" ")[1], byte_of))
            for line in (line.rstrip("\r") for line in lines)
            if line and not line.startswith("#version")
        )
        vocab = {i: _bytes(token, byte_of) for token, i in published.items()}
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, KeyError, IndexError) as error:
        raise UsageError(
            f"{VOCAB} and {MERGES} in {folder} are not GPT-2's: {type(error).__name__}: {error}",
            "download both files anew",
        ) from None
    return SavedTokenizer(
        "bytes", vocab=vocab, merges=merges, special_tokens=(END_OF_TEXT,) if END_OF_TEXT in published else ()
    )


def byte_of_character() -> dict[str, int]:
    """GPT-2 writes each byte as a character that can be seen: itself, or for the others the ones from U+0100 on."""
    seen = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    others = [byte for byte in range(256) if byte not in seen]
    return {chr(byte): byte for byte in seen} | {chr(256 + i): byte for i, byte in enumerate(others)}


def _bytes(token: str, byte_of: dict[str, int]) -> bytes:
    return bytes(byte_of[character] for character in token)


def read_weights(path: Path) -> dict[str, Any]:
    """The published parameters in float32, without prefix, saved masks and the head that is the token table."""
    from safetensors import SafetensorError  # brings torch
    from safetensors.torch import load_file

    try:
        found = {name.removeprefix(PREFIX): value.float() for name, value in load_file(path).items()}
    except (OSError, SafetensorError) as error:
        raise UsageError(f"{path} cannot be read: {error}", "download it anew") from None
    state = {name: value for name, value in found.items() if not BUFFER.fullmatch(name)}
    head = state.pop(HEAD, None)
    if head is not None and TABLE in state and not head.equal(state[TABLE]):
        raise UsageError(
            f"{path}: the head is not the token table; in your GPT they are one", "take GPT-2's own weights"
        )
    return state
