"""Sentences with the word "bank": where money is kept, or the side of a river.

The sense can always be told from the words around it, sometimes only from those before "bank" and sometimes only
from those after it. "bank" stands once in each sentence, at different places, and the two senses are equally likely.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Sentence:
    """A sentence in words. `words[position]` is "bank", `sense` is "money" or "river"."""

    words: tuple[str, ...]
    position: int
    sense: str


SENSES = ("money", "river")

SLOTS = {
    "det": ("the", "one", "my", "this"),
    "age": ("old", "small", "big", "good"),
    "person": ("man", "woman", "girl", "boy", "friend"),
    "when": ("today", "again", "now", "often"),
    "clerk": ("clerk", "manager", "owner"),
    "pays": ("pays", "borrows", "saves", "counts", "owes"),
    "cash": ("cash", "coins", "money", "savings", "gold"),
    "lends": ("lends", "owes", "pays", "sends"),
    "animal": ("duck", "frog", "heron", "otter"),
    "moves": ("swims", "fishes", "rows", "floats"),
    "green": ("green", "muddy", "wet", "cold"),
    "water": ("river", "stream", "water", "lake"),
    "grows": ("reeds", "grass", "willows", "mud"),
}
TEMPLATES = {
    "money": (
        "{det} {person} {pays} the {cash} at the bank",
        "{det} {age} {person} {pays} {cash} from the bank {when}",
        "the {cash} of the {person} went to {det} bank {when}",
        "the bank {lends} {det} {person} {cash} {when}",
        "at the bank {det} {clerk} {pays} the {cash}",
        "{det} {clerk} from the bank {lends} the {person} {cash}",
        "{when} the {age} bank {lends} the {person} {cash}",
    ),
    "river": (
        "{det} {animal} {moves} to the {water} at the bank",
        "{det} {age} {person} {moves} from the bank {when}",
        "the {grows} of the {water} grew on {det} bank {when}",
        "the bank is {green} and full of {grows} {when}",
        "at the bank {det} {animal} sees the {water}",
        "{det} {animal} from the bank {moves} in the {water}",
        "{when} the {age} bank has {green} {grows}",
    ),
}


def sample_sentences(n: int, seed: int) -> list[Sentence]:
    """`n` sentences, drawn independently: one may come twice."""
    rng = np.random.default_rng(seed)
    return [_sentence(rng) for _ in range(n)]


def _sentence(rng: np.random.Generator) -> Sentence:
    sense = SENSES[int(rng.integers(2))]
    template = TEMPLATES[sense][int(rng.integers(len(TEMPLATES[sense])))]
    words = []
    for part in template.split():
        options = SLOTS[part[1:-1]] if part.startswith("{") else (part,)
        words.append(options[int(rng.integers(len(options)))])
    return Sentence(tuple(words), words.index("bank"), sense)
