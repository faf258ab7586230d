"""# A tokenizer of characters

A model computes with numbers, so text has to become numbers first. The simplest tokenizer gives each different
character an id: the characters of a text, sorted, each once, are the *vocabulary*, and an id is a place in that list.

`encode` turns text into ids and `decode` turns ids back into the same text. Nothing is lost, but sequences are long,
and a character that the vocabulary does not hold cannot be said at all. Byte pairs, the next exercise, mend both.

| name | what it is |
|---|---|
| `chars` | the vocabulary: a sorted list of characters, each once |
| `vocab_size` | its length |
| ids | a list of whole numbers from 0 to `vocab_size - 1`, one for each character |

By hand: the text `"banana"` has the vocabulary `["a", "b", "n"]`, and `"nab"` is `[2, 0, 1]`.

Source: the character vocabulary of A. Karpathy's *char-rnn* (2015), which is sorted in the same way.
"""


class CharTokenizer:
    """Ids for the characters of `text`.

    `chars` is the sorted list of its different characters (in Python's order, which is that of code points), and
    `vocab_size` is how many they are. Upper and lower case, blanks and line ends are characters like all others, and so
    is an accent that is a code point of its own. An empty text has an empty vocabulary. Each tokenizer has its own.

    >>> tokenizer = CharTokenizer("banana")
    >>> tokenizer.chars, tokenizer.vocab_size
    (['a', 'b', 'n'], 3)
    """

    def __init__(self, text: str) -> None:
        # TODO: keep the sorted, different characters as the list `self.chars`, and their number as `self.vocab_size`.
        # TODO: keep a dictionary from character to id for `encode`.
        self.chars = sorted(set(text))
        self.vocab_size = len(self.chars)
        self._ids = {character: i for i, character in enumerate(self.chars)}

    def encode(self, text: str) -> list[int]:
        """The id of each character of `text`: its place in `chars`, counted from 0.

        `text` may be another one than the vocabulary's, and each call stands for itself. A character that is not in
        the vocabulary raises a `ValueError` whose message holds the first such character and its position in `text`,
        counted from 0 in code points (Python's own way to count).

        >>> CharTokenizer("banana").encode("nab")
        [2, 0, 1]
        """
        # TODO: look each character up, and raise the ValueError for the first one that is not there.
        ids = []
        for position, character in enumerate(text):
            if character not in self._ids:
                raise ValueError(f"the character {character!r} at position {position} is not in the vocabulary")
            ids.append(self._ids[character])
        return ids

    def decode(self, ids: list[int]) -> str:
        """The text of these ids, with nothing between the characters: `decode(encode(text))` is `text`.

        An id below 0 or not below `vocab_size` raises an `IndexError` that names it.

        >>> CharTokenizer("banana").decode([1, 0, 2])
        'ban'
        """
        # TODO: reject ids outside the vocabulary; Python would count a negative one from the end.
        # TODO: join the characters.
        for i in ids:
            if not 0 <= i < self.vocab_size:
                raise IndexError(f"id {i} is not in a vocabulary of {self.vocab_size}")
        return "".join(self.chars[i] for i in ids)
