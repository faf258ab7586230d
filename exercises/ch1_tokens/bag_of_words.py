"""# A bag of words, and what it loses

**How can a program tell that two texts are about the same thing?** The distance between word counts misleads: `[9,
0]` and `[1, 0]` hold the same word and are 8 apart, `[0, 1]` and `[1, 0]` hold different words and are 1.4 apart.

The oldest way to turn a text into a vector is to count how often each word of a vocabulary occurs. Two documents are
alike when their count vectors point in the same direction. The cosine of the angle between the vectors measures this.

A bag of words finds documents on a topic well. But it has no order: *the dog bites the man* and *the man bites the
dog* give the same vector. It has no neighbours either: nothing in it tells the bank of a river from a bank for money.
All later chapters put back what the bag throws away.

| name | shape |
|---|---|
| `vocabulary` | a dictionary from each word to its place, 0 to `vocab - 1`, in the sorted order of the words |
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

    A word is a run of letters, digits and underscores (the pattern `\w+`). It may be as short as one character. All
    words are put into lower case (`str.lower`). Each call looks at its own documents alone. Documents without words
    give an empty vocabulary.

    >>> build_vocabulary(["The cat sat.", "A cat!"])
    {'a': 0, 'cat': 1, 'sat': 2, 'the': 3}
    """
    # TODO: collect the different words of all documents, sort them, and number them from 0.
    raise NotImplementedError


def bag_of_words(document: str, vocabulary: dict[str, int]) -> Int[np.ndarray, "vocab"]:
    """Count how often each word of the vocabulary occurs in the document. The counts are int64.

    The count of a word stands at the place that the vocabulary gives to the word. Words are found as in
    `build_vocabulary`, so `cat` does not occur in `category`. Words that are not in the vocabulary are ignored. Each
    call starts from zero again. A document without words gives zeros, and an empty vocabulary gives an empty bag.

    >>> bag_of_words("The dog and the cat", {"cat": 0, "sat": 1, "the": 2})
    array([1, 0, 2])
    """
    # TODO: start from zeros, one for each word of the vocabulary, of dtype int64.
    # TODO: for each word of the document that is in the vocabulary, add 1 at its place.
    raise NotImplementedError


def cosine_similarity(a: Real[np.ndarray, "n"], b: Real[np.ndarray, "n"]) -> float:
    """The cosine of the angle between two vectors, and 0.0 where one of them is all zeros.

    It is a·b / (|a| |b|): 1 for the same direction, 0 for nothing in common, -1 for opposite directions. The lengths of
    the vectors do not matter, whether they are 1e-6 or 1e10. Vectors of whole numbers may have any dtype, even one that
    is too small for their product.

    >>> cosine_similarity(np.array([1, 0]), np.array([3, 4]))
    0.6
    """
    # TODO: compute in float64, and divide the product of the vectors by the product of their lengths.
    # TODO: return 0.0 if a length is zero, because there is no angle then.
    raise NotImplementedError
