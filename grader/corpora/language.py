"""English-like text from a small grammar whose entropy per character is known exactly.

The text is a row of lines, each drawn on its own, and each line is two sentences:

    my old sailors near the reefs find one shell. they sing with romi.

The first noun settles the topic (farm or sea), and the other nouns and the verb keep to it. The verb agrees with the
subject, also across the nearer noun of a phrase in between, and the second sentence takes up the subject with its
pronoun. So a model that looks further back predicts better. Names are made of random syllables: nothing foretells them.

The grammar is right-linear: in each state one of several pieces of text is written, and the piece gives the next
state. No piece of a state is the beginning of another one of the same state, so a text has one derivation and its
probability is the product of its choices. Hence the entropy of a line is the expected sum of the entropies of the
states it passes through, and the entropy per character is that over the expected length of a line: no model beats it.

Two things to mind when a model is measured against this limit. A window that is cut out of the middle of the text
hides what came before it, so its first characters cost more than the limit: give each character that counts
enough text in front (16 characters are nearly enough, as `surprisals(..., at_line_start=False)` shows), or begin at the
end of a line. `windows` says how much more the best reader of a window loses. And the mean over a finite text strays
from the limit; compare with the `surprisals` of the same text.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from functools import cache

import numpy as np

State = tuple[str, ...]
Node = tuple[State, str]
Choice = tuple[float, str, State]

DETERMINERS = {
    "the": "either",
    "my": "either",
    "our": "either",
    "one": "one",
    "this": "one",
    "two": "many",
    "all": "many",
}
ADJECTIVES = ("old", "big", "red", "sad", "wet", "tall", "young", "quiet")
PREPOSITIONS = ("near", "by", "behind")
BEINGS = {
    "farm": {"lad": "he", "bull": "he", "maid": "she", "hen": "she"},
    "sea": {"sailor": "he", "cook": "he", "mermaid": "she", "gull": "she"},
}
THINGS = {"farm": ("barn", "cart", "gate", "field"), "sea": ("boat", "net", "reef", "shell")}
VERBS = {"farm": ("lead", "keep", "hear", "follow"), "sea": ("find", "pull", "visit", "want")}
DOINGS = ("sleep", "wait", "run", "eat", "sing", "jump")
ADVERBS = ("now", "soon", "often", "alone", "there")
TOPICS = {"farm": 0.55, "sea": 0.45}
SYLLABLES = tuple(c + v for c in "bdklmnrstvz" for v in "aeiou")

ADJECTIVE_SHARE = 0.5
PHRASE_SHARE = 0.3
MANY_SHARE = 0.5
NAME_SHARE = 0.6
MORE_SHARE = 0.9
COMPANY_SHARE = 0.7

START: State = ("line",)


def sample(n_characters: int, seed: int) -> str:
    """The first `n_characters` characters of a text; it begins at the beginning of a line."""
    rng = np.random.default_rng(seed)
    pieces: list[str] = []
    length, state = 0, START
    while length < n_characters:
        edges, choices = _thresholds(state)
        _, piece, state = choices[min(int(np.searchsorted(edges, rng.random(), side="right")), len(choices) - 1)]
        pieces.append(piece)
        length += len(piece)
    return "".join(pieces)[:n_characters]


def entropy_per_character() -> float:
    """The entropy of the text in nats per character, exactly: that of a line over the expected length of a line."""
    entropy, length = _line(START)
    return entropy / length


def entropy_per_line() -> float:
    """The entropy of one line in nats."""
    return _line(START)[0]


def characters_per_line() -> float:
    """The expected length of one line, its end included."""
    return _line(START)[1]


def log_likelihood(text: str) -> float:
    """The logarithm of the probability that a text drawn from the grammar begins with `text`; −inf if none does."""
    return -float(surprisals(text).sum())


def surprisals(text: str, at_line_start: bool = True) -> np.ndarray:
    """For each character, −log of its probability given the characters before it in `text`, in nats.

    With `at_line_start=False` the text is a window cut out of an endless text at a random place: the
    first characters are then harder to foresee, and the result is what a perfect model with that window would lose.
    """
    belief = {_node(START, ""): 1.0} if at_line_start else dict(stationary())
    lost = np.full(len(text), np.inf)
    for place, character in enumerate(text):
        following: dict[Node, float] = {}
        for node, weight in belief.items():
            for probability, written, target in steps(node):
                if written == character:
                    following[target] = following.get(target, 0.0) + weight * probability
        total = sum(following.values())
        if total == 0.0:
            return lost
        lost[place] = -math.log(total)
        belief = {node: weight / total for node, weight in following.items()}
    return lost


# -- the grammar ------------------------------------------------------------------------------------------


@cache
def _choices(state: State) -> tuple[Choice, ...]:
    """What may be written in a state: probability, text, next state."""
    match state:
        case ("line",):
            return _words(DETERMINERS, 1.0, lambda word: ("subject", DETERMINERS[word], "adjective"))
        case ("subject", number, adjective):
            share = ADJECTIVE_SHARE if adjective else 0.0
            found = _words(ADJECTIVES, share, lambda _: ("subject", number, ""))
            for topic, part in TOPICS.items():
                for word_share, word in _weighted(tuple(BEINGS[topic]), (1 - share) * part):
                    for number_share, ending in _endings(number):
                        pronoun = "they" if ending else BEINGS[topic][word]
                        found += ((word_share * number_share, f"{word}{ending} ", ("verb", topic, pronoun, "phrase")),)
            return found
        case ("verb", topic, pronoun, phrase):
            share = PHRASE_SHARE if phrase else 0.0
            ending = "" if pronoun == "they" else "s"
            found = _words(PREPOSITIONS, share, lambda _: ("place", topic, pronoun), " the ")
            return found + _words(VERBS[topic], 1 - share, lambda _: ("object", topic, pronoun), f"{ending} ")
        case ("place", topic, pronoun):
            return tuple(
                (share * part, f"{word}{ending} ", ("verb", topic, pronoun, ""))
                for share, word in _weighted(THINGS[topic], 1.0)
                for part, ending in _endings("either")
            )
        case ("object", topic, pronoun):
            known = _words(
                DETERMINERS, 1 - NAME_SHARE, lambda word: ("noun", topic, pronoun, DETERMINERS[word], "adjective")
            )
            return known + _words(SYLLABLES, NAME_SHARE, lambda _: ("name", pronoun), "")
        case ("noun", topic, pronoun, number, adjective):
            share = ADJECTIVE_SHARE if adjective else 0.0
            found = _words(ADJECTIVES, share, lambda _: ("noun", topic, pronoun, number, ""))
            return found + tuple(
                (word_share * part, f"{word}{ending}. ", ("pronoun", pronoun))
                for word_share, word in _weighted(THINGS[topic], 1 - share)
                for part, ending in _endings(number)
            )
        case ("name", pronoun):
            return _words(SYLLABLES, 1.0, lambda _: ("pronoun", pronoun), ". ")
        case ("pronoun", pronoun):
            return ((1.0, f"{pronoun} ", ("does", "" if pronoun == "they" else "s")),)
        case ("does", ending):
            found = _words(DOINGS, MORE_SHARE, lambda _: ("how",), f"{ending} ")
            return found + _words(DOINGS, 1 - MORE_SHARE, lambda _: START, f"{ending}.\n")
        case ("how",):
            found = _words(ADVERBS, 1 - COMPANY_SHARE, lambda _: START, ".\n")
            return (*found, (COMPANY_SHARE, "with ", ("company",)))
        case ("company",):
            return _words(SYLLABLES, 1.0, lambda _: ("last name",), "")
        case ("last name",):
            return _words(SYLLABLES, 1.0, lambda _: START, ".\n")
    raise ValueError(f"no state {state}")


def _words(
    words: Iterable[str], share: float, following: Callable[[str], State], ending: str = " "
) -> tuple[Choice, ...]:
    return tuple((part, word + ending, following(word)) for part, word in _weighted(tuple(words), share))


def _weighted(words: Sequence[str], share: float) -> tuple[tuple[float, str], ...]:
    """Each word's part of `share`: earlier ones are more frequent, the first about twice as much as the last."""
    if share == 0.0:
        return ()
    weights = [1.0 / (rank + len(words)) for rank in range(len(words))]
    return tuple((share * weight / sum(weights), word) for weight, word in zip(weights, words, strict=True))


def _endings(number: str) -> tuple[tuple[float, str], ...]:
    if number == "either":
        return ((1 - MANY_SHARE, ""), (MANY_SHARE, "s"))
    return ((1.0, "s" if number == "many" else ""),)


# -- what follows from it ---------------------------------------------------------------------------------


@cache
def _line(state: State) -> tuple[float, float]:
    """The expected entropy and length of the rest of the line, from this state on."""
    entropy = length = 0.0
    for probability, piece, following in _choices(state):
        rest = (0.0, 0.0) if following == START else _line(following)
        entropy += probability * (rest[0] - math.log(probability))
        length += probability * (rest[1] + len(piece))
    return entropy, length


@cache
def _thresholds(state: State) -> tuple[np.ndarray, tuple[Choice, ...]]:
    choices = _choices(state)
    return np.cumsum([probability for probability, _, _ in choices]), choices


def _node(state: State, written: str) -> Node:
    """A place between two characters: the state, and what has been written of its piece."""
    return state, written


@cache
def steps(node: Node) -> tuple[tuple[float, str, Node], ...]:
    """The characters that may come at a place, with their probabilities and the places that they lead to."""
    state, written = node
    possible = [choice for choice in _choices(state) if choice[1].startswith(written)]
    total = sum(probability for probability, _, _ in possible)
    found: dict[str, tuple[float, Node]] = {}
    for probability, piece, following in possible:
        character = piece[len(written)]
        done = len(piece) == len(written) + 1
        target = _node(following, "") if done else _node(state, written + character)
        found[character] = (found.get(character, (0.0,))[0] + probability / total, target)
    return tuple((probability, character, target) for character, (probability, target) in found.items())


@cache
def stationary() -> tuple[tuple[Node, float], ...]:
    """How likely each place is, seen from a random place in an endless text."""
    order: list[Node] = []
    seen: set[Node] = set()

    def visit(node: Node) -> None:
        seen.add(node)
        for _, _, target in steps(node):
            if target not in seen:
                visit(target)
        order.append(node)

    first = _node(START, "")
    visit(first)
    visits = dict.fromkeys(order, 0.0)
    visits[first] = 1.0
    for node in reversed(order):
        for probability, _, target in steps(node):
            if target != first:
                visits[target] += visits[node] * probability
    total = sum(visits.values())
    return tuple((node, count / total) for node, count in visits.items())


@cache
def _reachable() -> tuple[State, ...]:
    found, queue = {START}, [START]
    while queue:
        for _, _, following in _choices(queue.pop()):
            if following not in found:
                found.add(following)
                queue.append(following)
    return tuple(sorted(found))


ALPHABET = "".join(sorted({c for state in _reachable() for _, piece, _ in _choices(state) for c in piece}))
