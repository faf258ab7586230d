"""# A tokenizer of characters

**How does a text become numbers, and come back unchanged?** Without a fixed order of the characters, as in
`enumerate(set(text))`, the same text gets other ids in each run of Python. A saved model then reads garbage.

A model computes with numbers, so a text becomes numbers first. The simplest tokenizer gives each different character
an *id*. It collects the different characters of a text and sorts them; this list is the *vocabulary*. The id of a
character is its place in the list, counted from 0.

`encode` turns text into ids, and `decode` turns ids back into the same text. Nothing is lost. But sequences are
long, and a character outside the vocabulary has no id. The next exercise, byte pairs, solves both problems.

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

    `chars` is the sorted list of the different characters of `text`, in Python's own order (by code point).
    `vocab_size` is the length of this list. An upper-case letter and its lower-case letter are different characters.
    Blanks and line ends are characters like all others. An accent that is a code point of its own is a character, too.
    An empty text has an empty vocabulary. Each tokenizer has a vocabulary of its own.

    >>> tokenizer = CharTokenizer("banana")
    >>> tokenizer.chars, tokenizer.vocab_size
    (['a', 'b', 'n'], 3)
    """

    def __init__(self, text: str) -> None:
        # TODO: keep the different characters, sorted, as the list `self.chars`, and their number as `self.vocab_size`.
        # TODO: keep a dictionary from character to id for `encode`.
        self.chars = sorted(set(text))
        self.vocab_size = len(self.chars)
        self._ids = {character: i for i, character in enumerate(self.chars)}

    def encode(self, text: str) -> list[int]:
        """The id of each character of `text`: its place in `chars`, counted from 0.

        `text` need not be the text that the vocabulary was made from. A call does not depend on earlier calls. A
        character that is not in the vocabulary raises a `ValueError`. Its message gives the first such character and
        its position in `text`, counted from 0 in code points (as Python's own indices are).

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

        An id outside 0 to `vocab_size - 1` raises an `IndexError` whose message gives that id.

        >>> CharTokenizer("banana").decode([1, 0, 2])
        'ban'
        """
        # TODO: reject ids outside the vocabulary. Python itself would count a negative id from the end of the list.
        # TODO: join the characters.
        for i in ids:
            if not 0 <= i < self.vocab_size:
                raise IndexError(f"id {i} is not in a vocabulary of {self.vocab_size}")
        return "".join(self.chars[i] for i in ids)
