"""# A bag of words, and what it loses

The oldest way to turn a text into a vector: count how often each word of a vocabulary occurs. Two documents
are alike when their count vectors point in the same direction, which the cosine of the angle between them measures.

This works well for finding documents on a topic. But a bag has no order: *the dog bites the man* and *the man bites the
dog* are one and the same vector, and a word's neighbours, which tell a river's bank from a bank for money, leave no
trace. Everything after this chapter is about putting back what the bag throws away.

| name | shape |
|---|---|
| `vocabulary` | a dictionary from word to place, places 0 to `vocab - 1` in the words' sorted order |
| a bag | `(vocab,)`, int64 |

By hand: with the vocabulary `{"a": 0, "b": 1}` the document `"b a b"` is `[1, 2]`, and its cosine with
`[1, 0]` is 1 / √5.

Source: G. Salton, A. Wong and C. S. Yang, *A Vector Space Model for Automatic Indexing*, CACM 18 (1975).
"""

import re

import numpy as np
from jaxtyping import Int, Real


def build_vocabulary(documents: list[str]) -> dict[str, int]:
    r"""Number the different words of all documents from 0, in sorted order.

    A word is a run of letters, digits and underscores (the pattern `\w+`), however short, in lower case (`str.lower`).
    Each call goes by its own documents alone, and documents without words make an empty vocabulary.

    >>> build_vocabulary(["The cat sat.", "A cat!"])
    {'a': 0, 'cat': 1, 'sat': 2, 'the': 3}
    """
    # TODO: collect the different words of all documents, sort them, and number them from 0.
    words = {word for document in documents for word in _words(document)}
    return {word: place for place, word in enumerate(sorted(words))}


def bag_of_words(document: str, vocabulary: dict[str, int]) -> Int[np.ndarray, "vocab"]:
    """How often each word of the vocabulary occurs in the document, as int64, at the place that is the word's number.

    Words are found as in `build_vocabulary`, so `cat` does not occur in `category`. Words that the vocabulary lacks
    are ignored. Each call counts anew. A document without words gives zeros, and an empty vocabulary an empty bag.

    >>> bag_of_words("The dog and the cat", {"cat": 0, "sat": 1, "the": 2})
    array([1, 0, 2])
    """
    # TODO: start from zeros, one for each word of the vocabulary, of dtype int64.
    # TODO: add 1 at the place of each word of the document that the vocabulary holds.
    counts = np.zeros(len(vocabulary), dtype=np.int64)
    for word in _words(document):
        if word in vocabulary:
            counts[vocabulary[word]] += 1
    return counts


def cosine_similarity(a: Real[np.ndarray, "n"], b: Real[np.ndarray, "n"]) -> float:
    """The cosine of the angle between two vectors, and 0.0 where one of them is all zeros.

    It is a·b / (|a| |b|): 1 for the same direction, 0 for nothing in common, -1 for opposite directions. The lengths
    do not matter, be they 1e-6 or 1e10. Vectors of whole numbers may have any dtype, also one that is too small for
    their product.

    >>> cosine_similarity(np.array([1, 0]), np.array([3, 4]))
    0.6
    """
    # TODO: compute in float64, and divide the product of the vectors by the product of their lengths.
    # TODO: where a length is zero there is no angle; return 0.0.
    a, b = a.astype(np.float64), b.astype(np.float64)
    lengths = np.linalg.norm(a) * np.linalg.norm(b)
    return float(a @ b / lengths) if lengths > 0 else 0.0


def _words(document: str) -> list[str]:
    return re.findall(r"\w+", document.lower())
