"""The learner's own tokenizer for a text, by characters or by byte pairs, and the form in which it is kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from grader.errors import UsageError
from grader.learner.own_code import OwnCode

Kind = Literal["characters", "bytes"]
MANY_CHARACTERS = 256  # a text with more different ones is better written in bytes
MERGES = 256
BYTES = 256
SHOWN = 60


class SavedTokenizer(msgspec.Struct, frozen=True):
    """Of a tokenizer by characters these in order; of one by byte pairs its vocabulary, merges and special tokens."""

    kind: Kind
    characters: str = ""
    vocab: dict[int, bytes] = {}
    merges: tuple[tuple[bytes, bytes], ...] = ()
    special_tokens: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        return len(self.characters) if self.kind == "characters" else max(self.vocab) + 1


@dataclass(frozen=True)
class OwnTokenizer:
    """A tokenizer of the learner's class, and what it is made of."""

    saved: SavedTokenizer
    own: Any

    def encode(self, text: str) -> list[int]:
        """The ids of a text. One with characters that the model never saw is refused."""
        if self.saved.kind == "characters":
            unknown = sorted(set(text) - set(self.saved.characters))
            if unknown:
                shown = ", ".join(repr(character) for character in unknown[:10])
                raise UsageError(
                    f"the model has never seen {shown}, so it has no token for {'it' if len(unknown) == 1 else 'them'}",
                    f"it knows these characters: {_listed(self.saved.characters)}",
                )
        return [int(i) for i in self.own.encode(text)]

    def decode(self, ids: list[int]) -> str:
        return str(self.own.decode(ids))


def tokenizer_for(code: OwnCode, text: str, kind: Kind | None, vocab_size: int | None) -> OwnTokenizer:
    """A tokenizer learned from the text. Characters, unless there are very many different ones."""
    if kind is None:
        kind = "characters" if len(set(text)) <= MANY_CHARACTERS and vocab_size is None else "bytes"
    if kind == "characters":
        own = code.module("ch1_tokens/characters").CharTokenizer(text)
        return OwnTokenizer(SavedTokenizer("characters", "".join(own.chars)), own)
    size = vocab_size or BYTES + MERGES
    if size < BYTES:
        raise UsageError(f"a vocabulary of {size} cannot hold the {BYTES} bytes", "give --vocabulary 256 or more")
    vocab, merges = code.module("ch1_tokens/byte_pairs").train_bpe(text, size)
    saved = SavedTokenizer("bytes", vocab=dict(vocab), merges=tuple((bytes(a), bytes(b)) for a, b in merges))
    return made_again(code, saved)


def made_again(code: OwnCode, saved: SavedTokenizer) -> OwnTokenizer:
    """The tokenizer that was kept, of the learner's class as it is now."""
    if saved.kind == "characters":
        return OwnTokenizer(saved, code.module("ch1_tokens/characters").CharTokenizer(saved.characters))
    tokenizer = code.module("ch1_tokens/byte_pairs").BPETokenizer
    return OwnTokenizer(saved, tokenizer(dict(saved.vocab), list(saved.merges), saved.special_tokens))


class PlainCharacters:
    """Characters by their place in an alphabet: for the kit's own text, whose alphabet is known."""

    def __init__(self, alphabet: str) -> None:
        self.alphabet = alphabet
        self.place = {character: i for i, character in enumerate(alphabet)}

    def encode(self, text: str) -> list[int]:
        return [self.place[character] for character in text]

    def decode(self, ids: list[int]) -> str:
        return "".join(self.alphabet[i] for i in ids)


def _listed(characters: str) -> str:
    shown = "".join(character for character in characters if character.isprintable())
    return shown if len(shown) <= SHOWN else shown[:SHOWN] + " …"
