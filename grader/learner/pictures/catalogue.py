"""Which pictures there are: of which exercise, with which words, and which function works them out."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Picture:
    """One picture. `module` of this package has a function of its name, with underscores, that works it out.

    `sentence` says what to see; the function may give another one that fits what it found.
    """

    name: str
    exercise: str
    module: str
    title: str
    question: str
    sentence: str

    @property
    def function(self) -> str:
        return self.name.replace("-", "_")


PICTURES = (
    Picture(
        "same-words",
        "ch1_tokens/bag_of_words",
        "tokens",
        "Two sentences with the same words",
        "What does a bag of words lose?",
        "Both sentences have the same bar at each word. A bag counts words and forgets their order.",
    ),
    Picture(
        "embedding-map",
        "ch2_embeddings/geometry",
        "embeddings",
        "The embedding table before and after training",
        "Does training put tokens with the same use side by side?",
        "Before training the letters lie anywhere. After it most vowels lie together, away from most consonants,"
        " although nobody told the model what a vowel is.",
    ),
    Picture(
        "cosine-matrix",
        "ch2_embeddings/geometry",
        "embeddings",
        "The cosine of every two tokens before and after training",
        "Which tokens did training make alike?",
        "The vowels stand first. Training makes them alike.",
    ),
    Picture(
        "schedule",
        "ch6_training/schedule",
        "training",
        "The learning rate of each step",
        "When does training take its largest steps?",
        "The rate rises in a straight line, because the first gradients say little. It then falls along a cosine, so"
        " that the last steps are small ones.",
    ),
)


def pictures_for(exercise: str) -> tuple[Picture, ...]:
    """The pictures of an exercise, in the order in which they are shown."""
    return tuple(picture for picture in PICTURES if picture.exercise == exercise)
