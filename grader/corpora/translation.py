"""English sentences with their German translations, from one grammar that writes both at once.

    today the woman gives the dog a small ball  →  heute gibt die frau dem hund einen kleinen ball
    i know that the cat has helped the man      →  ich weiß dass die katze dem mann geholfen hat

The translation is a function of the English sentence, but no word-by-word one. Articles and adjectives agree with
their noun's gender, which English does not show, and with its case, which the verb decides (`help` and `thank` want the
dative). The finite verb stands second, also where another word comes first, and last in a clause with `that`; a
participle stands last. Sentences have at most twelve words on either side, all in lower case and separated by blanks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

MOST_WORDS = 12

BEINGS = {"man": ("m", "mann"), "dog": ("m", "hund"), "woman": ("f", "frau"), "cat": ("f", "katze"),
          "child": ("n", "kind"), "horse": ("n", "pferd")}  # fmt: skip
THINGS = {"ball": ("m", "ball"), "table": ("m", "tisch"), "lamp": ("f", "lampe"), "flower": ("f", "blume"),
          "book": ("n", "buch"), "house": ("n", "haus")}  # fmt: skip
GENDERS = {english: gender for english, (gender, _) in (BEINGS | THINGS).items()}
ADJECTIVES = {"old": "alt", "small": "klein", "red": "rot", "good": "gut"}
OPENINGS = {"today": "heute", "here": "hier", "often": "oft"}
KNOWING = {("i", "know"): ("ich", "weiß"), ("we", "hope"): ("wir", "hoffen")}


@dataclass(frozen=True)
class Verb:
    """A verb: he `sees` and has `seen`, in both languages, and the cases of its objects."""

    english: tuple[str, str]
    german: tuple[str, str]
    objects: tuple[str, ...]


VERBS = (
    Verb(("sees", "seen"), ("sieht", "gesehen"), ("accusative",)),
    Verb(("finds", "found"), ("findet", "gefunden"), ("accusative",)),
    Verb(("loves", "loved"), ("liebt", "geliebt"), ("accusative",)),
    Verb(("helps", "helped"), ("hilft", "geholfen"), ("dative",)),
    Verb(("thanks", "thanked"), ("dankt", "gedankt"), ("dative",)),
    Verb(("gives", "given"), ("gibt", "gegeben"), ("dative", "accusative")),
    Verb(("shows", "shown"), ("zeigt", "gezeigt"), ("dative", "accusative")),
)

ARTICLES = {  # by English article and case, for masculine, feminine, neuter
    ("the", "nominative"): ("der", "die", "das"),
    ("the", "accusative"): ("den", "die", "das"),
    ("the", "dative"): ("dem", "der", "dem"),
    ("a", "nominative"): ("ein", "eine", "ein"),
    ("a", "accusative"): ("einen", "eine", "ein"),
    ("a", "dative"): ("einem", "einer", "einem"),
}
ENDINGS = {  # of an adjective after that article
    ("the", "nominative"): ("e", "e", "e"),
    ("the", "accusative"): ("en", "e", "e"),
    ("the", "dative"): ("en", "en", "en"),
    ("a", "nominative"): ("er", "e", "es"),
    ("a", "accusative"): ("en", "e", "es"),
    ("a", "dative"): ("en", "en", "en"),
}

Words = tuple[str, ...]
Key = TypeVar("Key")


def sample_pairs(n: int, seed: int) -> list[tuple[str, str]]:
    """`n` sentences, each with its translation, drawn independently: one may come twice."""
    rng = np.random.default_rng(seed)
    return [sample_pair(rng) for _ in range(n)]


def sample_pair(rng: np.random.Generator) -> tuple[str, str]:
    """One English sentence and its German translation."""
    while True:
        english, german = _sentence(rng)
        if max(len(english), len(german)) <= MOST_WORDS:
            return " ".join(english), " ".join(german)


def _sentence(rng: np.random.Generator) -> tuple[Words, Words]:
    verb = VERBS[int(rng.integers(len(VERBS)))]
    subject = _noun_phrase(rng, "nominative", BEINGS)
    objects = [_noun_phrase(rng, case, BEINGS if case == "dative" else BEINGS | THINGS) for case in verb.objects]
    english_objects = tuple(word for english, _ in objects for word in english)
    german_objects = tuple(word for _, german in objects for word in german)
    perfect = rng.random() < 0.4
    english_verb: Words = ("has", verb.english[1]) if perfect else (verb.english[0],)
    finite, last = ("hat", (verb.german[1],)) if perfect else (verb.german[0], ())
    english = (*subject[0], *english_verb, *english_objects)
    match rng.choice(["plain", "opening", "that"], p=[0.4, 0.3, 0.3]):
        case "opening":
            opening = _one_of(rng, OPENINGS)
            return (opening, *english), (OPENINGS[opening], finite, *subject[1], *german_objects, *last)
        case "that":
            knowing = _one_of(rng, KNOWING)
            german = (*KNOWING[knowing], "dass", *subject[1], *german_objects, *last, finite)
            return (*knowing, "that", *english), german
    return english, (*subject[1], finite, *german_objects, *last)


def _noun_phrase(rng: np.random.Generator, case: str, nouns: dict[str, tuple[str, str]]) -> tuple[Words, Words]:
    article = "the" if rng.random() < 0.6 else "a"
    adjective = _one_of(rng, ADJECTIVES) if rng.random() < 0.35 else None
    noun = _one_of(rng, nouns)
    gender, german = nouns[noun]
    column = "mfn".index(gender)
    german_article = ARTICLES[article, case][column]
    if adjective is None:
        return (article, noun), (german_article, german)
    spoken = "an" if article == "a" and adjective[0] in "aeiou" else article
    return (spoken, adjective, noun), (german_article, ADJECTIVES[adjective] + ENDINGS[article, case][column], german)


def _one_of(rng: np.random.Generator, options: Mapping[Key, object]) -> Key:
    return list(options)[int(rng.integers(len(options)))]
