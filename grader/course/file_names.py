"""What a file's name says: which exercise it is meant to be, and whether it is a copy, as systems and people write."""

from __future__ import annotations

import difflib
import re
import unicodedata
from dataclasses import dataclass
from urllib.parse import unquote

from grader.course.curriculum import Curriculum, Exercise

# `softmax.py`, and what is put behind it: `.txt` by a mail program, `.json` by a browser, ` (1)` by either
WHOLE_NAME = re.compile(
    r"(?P<stem>.+?)(?P<suffix>\.(?:py|ipynb|md|markdown|txt))(?P<again>(?:\.(?:txt|json|py|ipynb|md|download))*)"
    r"(?: ?\((?P<number>\d{1,6})\))?",
    re.IGNORECASE | re.DOTALL,
)
# The same word where a system speaks another language: Colab's menu, Windows' and the Finder's copies.
COPY_WORDS = r"cop(?:y|ie|ia)|c[oó]pia|kopi[ea]|kopi|kopia|копия|副本|コピー"
COPY_OF = re.compile(rf"(?:{COPY_WORDS})[ _-]+(?:(?:of|von|de|di|van|av|af|z)[ _-]+)?", re.IGNORECASE)
A_COPY = re.compile(
    rf"[ _-]*\((?:another |\d+(?:st|nd|rd|th) )?(?:{COPY_WORDS})(?: (?P<inside>\d{{1,6}}))?\)"
    rf"|(?:[ _–—-]+|の)(?:{COPY_WORDS})[ _-]?\(?(?P<number>\d{{1,6}})?\)?"
    r"|[ _]*\([^()]*conflicted copy[^()]*\)|\.sync-conflict-[\w-]+|[-_]checkpoint",
    re.IGNORECASE,
)
NUMBERED = re.compile(r"(?:[-_ ]| ?[(\[])(?P<number>\d{1,6})[)\]]?")
FINISHED = re.compile(
    r"[-_ ]+(?:final|finished|fixed|done|solved|solution|submission|v(?:ersion)?[-_ ]?\d{1,4})", re.IGNORECASE
)
MAX_NAME = 255  # of what file systems allow; an archive may hold anything
MOST_ENDINGS = 8  # that are taken off a name: each costs a look at all of it
MOST_WORDS = 12  # of a person's name
SEPARATORS = re.compile(r"([-_ –—]{3})[-_ –—]+")  # more than three in a row say no more
WRITTEN = (".md", ".markdown", ".txt")  # what a person reads may be plain text
CHAPTER_FOLDER = re.compile(r"ch\d+_\w+", re.IGNORECASE)


@dataclass(frozen=True)
class Meaning:
    """What a path is meant to be. `suffix` is its kind, `placed` tells whether it lies in its chapter's folder.

    `number` is that of a later upload (`softmax-2.py`, `softmax (2).py`), from 0; `copies` counts how often it was
    copied. `renamed` says that the name is not the exercise's own.
    """

    exercise: Exercise
    suffix: str
    placed: bool
    number: int = 0
    copies: int = 0
    renamed: bool = False


class FileNames:
    """Knows the names of a course's files."""

    def __init__(self, curriculum: Curriculum) -> None:
        self.by_stem: dict[str, list[Exercise]] = {}
        for exercise in curriculum.exercises:
            self.by_stem.setdefault(exercise.short, []).append(exercise)
        for exercise in curriculum.exercises:  # the path of one, where a slash cannot stand
            self.by_stem.setdefault(exercise.name.replace("/", "_"), [exercise])

    def meanings(self, path: str) -> tuple[Meaning, ...]:
        """Each exercise that the path may be: one, or none, or several where they share the name."""
        folders, _, name = path.replace("\\", "/").rpartition("/")
        if len(name) > MAX_NAME:
            return ()
        more, _, whole = unquote(unicodedata.normalize("NFC", name)).strip().rpartition("/")
        found = WHOLE_NAME.fullmatch(whole)
        if found is None:
            return ()
        stem, number, copies = self._told_apart(found["stem"])
        number = int(found["number"]) if found["number"] else number
        suffix = found["suffix"].lower()
        chapters = [part.lower() for part in (*folders.split("/"), *more.split("/")) if CHAPTER_FOLDER.fullmatch(part)]
        meant = [
            exercise
            for exercise in self.by_stem.get(stem, ())
            if suffix in (WRITTEN if exercise.manually_graded else (".py", ".ipynb"))
            if not chapters or chapters[-1] == exercise.chapter
        ]
        return tuple(self._meaning(exercise, suffix, bool(chapters), name, number, copies) for exercise in meant)

    @staticmethod
    def _meaning(exercise: Exercise, suffix: str, placed: bool, name: str, number: int, copies: int) -> Meaning:
        suffix = exercise.suffix if exercise.manually_graded else suffix
        return Meaning(exercise, suffix, placed, number, copies, renamed=name != exercise.short + suffix)

    def named_after(self, path: str) -> tuple[Exercise, ...]:
        """Each exercise whose name it has, whatever it ends in: `softmax.pdf`."""
        name = unicodedata.normalize("NFC", path).replace("\\", "/").rpartition("/")[2]
        return tuple(self.by_stem.get(self._told_apart(name[:MAX_NAME].partition(".")[0])[0], ()))

    def nearest(self, path: str) -> Exercise | None:
        """The exercise whose name is most like the file's, if one is."""
        stem = path.replace("\\", "/").rpartition("/")[2].partition(".")[0]
        close = difflib.get_close_matches(_plain(stem[:MAX_NAME]), self.by_stem, n=1, cutoff=0.75)
        return self.by_stem[close[0]][0] if close else None

    def of_a_person(self, name: str) -> tuple[str, str] | None:
        """`ada_softmax.py` or `softmax - ada.py`, as a person and the exercise's file."""
        whole = WHOLE_NAME.fullmatch(name)
        if whole is None or self.meanings(name):
            return None
        stem, rest = whole["stem"], name[whole.end("stem") :]
        cuts = list(re.finditer(r"[-_ ]+", stem))
        for cut in cuts[-MOST_WORDS:]:
            before, after = stem[: cut.start()], stem[cut.end() :]
            if before and after and self.meanings(after + rest):
                return before, after + rest
        for cut in reversed(cuts[:MOST_WORDS]):
            before, after = stem[: cut.start()], stem[cut.end() :]
            if before and after and self.meanings(before + rest):
                return after, before + rest
        return None

    def _told_apart(self, stem: str) -> tuple[str, int, int]:
        """The exercise's name in a stem, the number of the upload, and how often it was copied."""
        number = copies = 0
        stem = SEPARATORS.sub(r"\1", stem)
        for _ in range(MOST_ENDINGS):
            if _plain(stem) in self.by_stem:
                break
            if found := COPY_OF.match(stem):
                stem, copies = stem[found.end() :], copies + 1
            elif found := _at_end(A_COPY, stem):  # before the number: `softmax - Copy (2)` is no second upload
                groups = found.groupdict()
                stem, copies = stem[: found.start()], copies + int(groups["inside"] or groups["number"] or 1)
            elif found := _at_end(NUMBERED, stem):
                stem, number = stem[: found.start()], max(number, int(found["number"]))
            elif found := _at_end(FINISHED, stem):
                stem = stem[: found.start()]
            else:
                break
        return _plain(stem), number, copies


def _at_end(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    """The first match that reaches to the end, if something stands before it."""
    return next((found for found in pattern.finditer(text) if found.end() == len(text) and found.start()), None)


def _plain(stem: str) -> str:
    """The stem as exercises are written: small letters, and an underscore where people put a blank or a hyphen."""
    return re.sub(r"[\s_-]+", "_", stem.strip().lower())
