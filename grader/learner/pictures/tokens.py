"""Pictures of chapter 1: what a text becomes before anything is learned."""

from __future__ import annotations

from grader.learner.pictures.data import Bars, Series, rounded
from grader.learner.pictures.studio import Made, Studio, array, number

SENTENCES = ("the dog bites the old man", "the old man bites the dog")


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
