"""Pictures of chapter 1: what a text becomes before anything is learned."""

from __future__ import annotations

from grader.learner.pictures.data import Bars, Curves, Line, Series, rounded
from grader.learner.pictures.studio import Made, Studio, array, number

SENTENCES = ("the dog bites the old man", "the old man bites the dog")
BYTES = 256
LEARNED, MEASURED = 20_000, 4_000  # characters
MERGES = (0, 25, 50, 100, 200, 300)


def same_words(studio: Studio) -> Made:
    """The bags of two sentences that differ in the order of their words alone."""
    own = studio.part("ch1_tokens/bag_of_words")
    vocabulary = own.build_vocabulary(list(SENTENCES))
    words = sorted(vocabulary, key=vocabulary.__getitem__)
    bags = [
        array(own.bag_of_words(text, vocabulary), f'bag_of_words("{text}", vocabulary)', len(words))
        for text in SENTENCES
    ]
    cosine = number(own.cosine_similarity(*bags), "cosine_similarity(a, b)")
    return Made(
        (
            Bars(
                title=f"cosine of the two vectors: {cosine:.2f}",
                x_label="word of the vocabulary",
                y_label="count in the sentence",
                names=tuple(words),
                series=tuple(Series(f"“{text}”", rounded(bag)) for text, bag in zip(SENTENCES, bags, strict=True)),
            ),
        )
    )


def merges(studio: Studio) -> Made:
    """How many tokens a text takes as more pairs are merged: the text that they were learned from, and another."""
    own = studio.part("ch1_tokens/byte_pairs")
    text = studio.text("language.txt")
    seen, unseen = text[:LEARNED], text[-MEASURED:]
    studio.say(f"learning {MERGES[-1]} merges")
    _, learned = own.train_bpe(seen, BYTES + MERGES[-1])
    ratios: dict[str, list[float]] = {"text they were learned from": [], "text from the same source": []}
    for count in MERGES:
        studio.say(f"encoding with {count} merges")
        vocabulary = {i: bytes([i]) for i in range(BYTES)}
        vocabulary |= {BYTES + i: a + b for i, (a, b) in enumerate(learned[:count])}
        tokenizer = own.BPETokenizer(vocabulary, list(learned[:count]))
        for label, part in zip(ratios, (seen[:MEASURED], unseen), strict=True):
            ratios[label].append(len(tokenizer.encode(part)) / len(part))
    x = tuple(map(float, MERGES))
    return Made(
        (
            Curves(
                title=f"byte pairs learned from {LEARNED:,} characters",
                x_label="merges",
                y_label="tokens per character",
                lines=tuple(Line(label, x, rounded(found), is_marked=True) for label, found in ratios.items()),
            ),
        )
    )
