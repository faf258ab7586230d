"""No dictionary at all: ids by binary search in the sorted list, texts by slices."""

from bisect import bisect_left


class CharTokenizer:
    def __init__(self, text: str):
        self.chars = []
        for character in sorted(text):
            if not self.chars or self.chars[-1] != character:
                self.chars.append(character)
        self.vocab_size = self.chars.__len__()

    def _place(self, character, position):
        place = bisect_left(self.chars, character)
        if self.chars[place : place + 1] != [character]:
            raise ValueError("position " + str(position) + ": no such character, " + character)
        return place

    def encode(self, text):
        ids = []
        for position in range(len(text)):
            ids.append(self._place(text[position], position))
        return ids

    def decode(self, ids):
        text = ""
        for i in ids:
            one = "" if i < 0 else "".join(self.chars[i : i + 1])
            if not one:
                raise IndexError(i)
            text = text + one
        return text
