"""The data are what their generators write, and the generators keep what they promise."""

import hashlib
import itertools
import math
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from grader.author import make_data as make
from grader.corpora import language, senses, translation, windows
from grader.course import texts

DATA = Path(__file__).resolve().parents[2] / "data"


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("data")
    return make.write_all(folder)


def test_the_committed_files_are_what_the_generators_write(written: list[Path]) -> None:
    assert {path.name for path in written} == {path.name for path in DATA.iterdir()}
    for path in written:
        assert path.read_bytes() == (DATA / path.name).read_bytes(), f"{path.name} differs from data/{path.name}"


def test_the_readme_gives_sizes_and_checksums() -> None:
    readme = (DATA / "README.md").read_text(encoding="utf-8")
    for path in DATA.iterdir():
        if path.name != "README.md":
            content = path.read_bytes()
            assert f"`{path.name}`" in readme
            assert f"{len(content):,}" in readme
            assert hashlib.sha256(content).hexdigest() in readme
    assert f"{language.entropy_per_character():.6f}" in readme


def test_the_files_hold_a_few_hundred_kilobytes() -> None:
    assert 200_000 < sum(path.stat().st_size for path in DATA.iterdir()) < 900_000


# -- language -----------------------------------------------------------------------------------------------


def test_a_state_has_no_piece_that_begins_another() -> None:
    for state in language._reachable():
        choices = language._choices(state)
        assert math.isclose(sum(share for share, _, _ in choices), 1.0)
        assert all(share > 0 for share, _, _ in choices)
        pieces = sorted(piece for _, piece, _ in choices)
        assert all(pieces), state
        for first, second in itertools.pairwise(pieces):
            assert not second.startswith(first), f"{first!r} begins {second!r} in {state}"


def test_only_the_end_of_a_line_leads_to_a_new_line() -> None:
    for state in language._reachable():
        for _, piece, following in language._choices(state):
            assert ("\n" in piece) == (following == language.START)


def lines(n: int, seed: int) -> list[str]:
    """The first n whole lines of a text, and its surprisals."""
    text = language.sample(60 * n, seed)
    parts = text.split("\n")[:n]
    assert len(parts) == n
    return [line + "\n" for line in parts]


def test_the_entropy_is_what_sampling_finds() -> None:
    found = np.array([-language.log_likelihood(line) for line in lines(4000, seed=11)])
    error = found.std(ddof=1) / math.sqrt(len(found))
    assert abs(found.mean() - language.entropy_per_line()) < 4 * error
    assert error < 0.01 * found.mean()


def test_the_length_of_a_line_is_what_sampling_finds() -> None:
    found = np.array([len(line) for line in lines(4000, seed=12)])
    error = found.std(ddof=1) / math.sqrt(len(found))
    assert abs(found.mean() - language.characters_per_line()) < 4 * error


def test_the_entropy_per_character_is_that_of_long_texts() -> None:
    sample = lines(4000, seed=13)
    text = "".join(sample)
    lost, length = language.surprisals(text), np.array([len(line) for line in sample])
    per_line = np.add.reduceat(lost, np.concatenate([[0], np.cumsum(length)[:-1]]))
    expected = language.entropy_per_character()
    error = (per_line - expected * length).std(ddof=1) / math.sqrt(len(sample)) / length.mean()
    assert abs(lost.mean() - expected) < 4 * error


@pytest.mark.parametrize("n", [0, 1, 5, 17, 40, 63])
def test_what_may_come_next_sums_to_one(n: int) -> None:
    start = language.sample(n, seed=n)
    before = language.log_likelihood(start)
    shares = [math.exp(language.log_likelihood(start + c) - before) for c in language.ALPHABET]
    assert math.isclose(sum(shares), 1.0)


def test_a_text_that_the_grammar_does_not_write_has_no_probability() -> None:
    assert language.log_likelihood("my bull keeps the cart. they ") == -math.inf
    assert language.log_likelihood("my bull keeps the cart. she ") == -math.inf
    assert language.log_likelihood("the bulls near the barn keeps ") == -math.inf
    assert language.log_likelihood("the bull near the barns keep ") == -math.inf
    assert language.log_likelihood("the bull pulls") == -math.inf
    assert np.isfinite(language.log_likelihood("the bulls near the barn keep the carts. they "))


def test_context_pays() -> None:
    text = language.sample(200_000, seed=14)

    def entropy(n: int) -> float:
        counts = np.array(list(Counter(zip(*(text[i:] for i in range(n)), strict=False)).values()))
        return float(-(counts / counts.sum() * np.log(counts / counts.sum())).sum())

    floor = language.entropy_per_character()
    unigram, bigram, trigram = entropy(1), entropy(2) - entropy(1), entropy(3) - entropy(2)
    assert unigram > 5 * floor
    assert bigram > 3 * floor
    assert trigram > 2 * floor


def test_a_window_costs_more_at_its_beginning_only() -> None:
    text = language.sample(20_000, seed=15)
    windows = [text[i : i + 64] for i in range(100, 19_000, 157)]
    cut = np.mean([language.surprisals(window, at_line_start=False) for window in windows], axis=0)
    whole = language.surprisals(text)
    known = np.mean([whole[i : i + 64] for i in range(100, 19_000, 157)], axis=0)
    assert cut[0] > 2.5
    assert (cut[32:].mean() - known[32:].mean()) < 0.02 * language.entropy_per_character()
    assert cut.mean() > 1.1 * known.mean()


@pytest.fixture(scope="module")
def known_before() -> list[float]:
    """What the next character costs after 1, 2, … characters of a window."""
    return windows.entropies_in_windows(texts.CONTEXT)


def test_the_floor_of_windows_is_what_is_committed(known_before: list[float]) -> None:
    exact = sum(known_before) / texts.CONTEXT
    assert round(exact, 6) == texts.REACHABLE_FLOOR
    assert f"{exact:.6f}" in (DATA / "README.md").read_text(encoding="utf-8")


def test_the_floor_of_windows_is_what_a_perfect_reader_of_drawn_windows_loses() -> None:
    """Two ways to one number: every belief with its probability, and Bayes' rule on windows of a drawn text.

    The expected value of each drawn window is taken out as far as it is known, so that little is left to chance.
    """
    context, starts = 24, range(100, 60_000, 97)
    text = language.sample(60_100, seed=18)
    whole = language.surprisals(text)
    more = np.array(
        [
            (language.surprisals(text[i : i + context + 1], at_line_start=False) - whole[i : i + context + 1])[
                1:
            ].mean()
            for i in starts
        ]
    )
    error = more.std(ddof=1) / math.sqrt(len(more))
    expected = windows.entropy_in_windows(context) - language.entropy_per_character()
    assert error < 0.04 * expected
    assert abs(more.mean() - expected) < 4 * error


def test_with_every_character_in_front_the_next_one_costs_less(known_before: list[float]) -> None:
    assert all(later <= before + 1e-12 for before, later in itertools.pairwise(known_before))
    assert math.isclose(known_before[-1], language.entropy_per_character(), abs_tol=1e-6)
    assert known_before[0] > 1.8


def test_the_first_character_of_a_window_costs_the_entropy_of_single_characters() -> None:
    shares = Counter(language.sample(100_000, seed=16))
    expected = -sum(n / 1e5 * math.log(n / 1e5) for n in shares.values())
    first = {c: float(language.surprisals(c, at_line_start=False)[0]) for c in language.ALPHABET}
    assert math.isclose(sum(math.exp(-lost) for lost in first.values()), 1.0)
    assert abs(sum(math.exp(-lost) * lost for lost in first.values()) - expected) < 0.01


def test_the_alphabet_is_what_occurs() -> None:
    assert "".join(sorted(set(language.sample(100_000, seed=17)))) == language.ALPHABET
    assert 24 <= len(language.ALPHABET) <= 30


def test_the_language_is_seeded_and_of_the_length_asked_for() -> None:
    assert language.sample(1000, seed=5) == language.sample(2000, seed=5)[:1000]
    assert language.sample(1000, seed=5) != language.sample(1000, seed=6)
    assert [len(language.sample(n, seed=1)) for n in (0, 1, 77)] == [0, 1, 77]


# -- translation --------------------------------------------------------------------------------------------

KNOWN = """
the man sees the dog | der mann sieht den hund
the dog sees the man | der hund sieht den mann
the woman helps the woman | die frau hilft der frau
a child thanks a horse | ein kind dankt einem pferd
today the cat has helped the child | heute hat die katze dem kind geholfen
i know that the man sees a dog | ich weiß dass der mann einen hund sieht
we hope that the man has found the lamp | wir hoffen dass der mann die lampe gefunden hat
the old man loves the red ball | der alte mann liebt den roten ball
an old man sees a house | ein alter mann sieht ein haus
the woman gives the dog the ball | die frau gibt dem hund den ball
""".strip()


def test_known_sentences_are_translated_as_a_grammar_book_does() -> None:
    table = dict(translation.sample_pairs(150_000, seed=21))
    known = dict(line.split(" | ") for line in KNOWN.splitlines())
    found = known.keys() & table.keys()
    assert len(found) >= 7
    assert {english: table[english] for english in found} == {english: known[english] for english in found}


def test_a_sentence_has_one_translation() -> None:
    seen: dict[str, str] = {}
    for english, german in translation.sample_pairs(30_000, seed=22):
        assert seen.setdefault(english, german) == german
    assert len(seen) > 20_000


def test_word_by_word_does_not_translate() -> None:
    """Each article has several translations, and the order of the words differs in many pairs."""
    pairs = translation.sample_pairs(3000, seed=23)
    articles = {german.split()[0] for english, german in pairs if english.startswith("the ")}
    assert articles == {"der", "die", "das"}
    assert {"den", "dem"} <= {word for _, german in pairs for word in german.split()}
    words = {"sees": "sieht", "gives": "gibt", "helps": "hilft", "seen": "gesehen"}
    moved = [
        english.split().index(e) != german.split().index(g)
        for english, german in pairs
        for e, g in words.items()
        if e in english.split()
    ]
    assert sum(moved) / len(moved) > 0.3


def test_sentences_are_short_and_of_few_words() -> None:
    pairs = translation.sample_pairs(5000, seed=24)
    for side in (0, 1):
        sentences = [pair[side].split(" ") for pair in pairs]
        assert max(map(len, sentences)) <= 12
        assert 35 <= len({word for words in sentences for word in words}) <= 70
        assert all(word for words in sentences for word in words)


def test_pairs_are_seeded() -> None:
    assert translation.sample_pairs(20, seed=1) == translation.sample_pairs(40, seed=1)[:20]
    assert translation.sample_pairs(20, seed=1) != translation.sample_pairs(20, seed=2)


# -- senses -------------------------------------------------------------------------------------------------


def test_bank_stands_once_where_the_sentence_says() -> None:
    for sentence in senses.sample_sentences(1000, seed=31):
        assert sentence.words.count("bank") == 1
        assert sentence.words[sentence.position] == "bank"
        assert sentence.sense in senses.SENSES


def test_the_words_around_tell_the_sense() -> None:
    sense_of: dict[tuple[str, ...], str] = {}
    for sentence in senses.sample_sentences(20_000, seed=32):
        assert sense_of.setdefault(sentence.words, sentence.sense) == sentence.sense
    counts = Counter(sentence.sense for sentence in senses.sample_sentences(2000, seed=33))
    assert min(counts.values()) > 800


def test_the_place_of_bank_does_not_tell_the_sense() -> None:
    sentences = senses.sample_sentences(2000, seed=34)
    places = {sense: {s.position for s in sentences if s.sense == sense} for sense in senses.SENSES}
    assert len(places["money"] & places["river"]) >= 4


def test_sentences_are_seeded() -> None:
    assert senses.sample_sentences(20, seed=1) == senses.sample_sentences(40, seed=1)[:20]
