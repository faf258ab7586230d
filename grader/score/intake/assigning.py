"""Which of the files that a student handed in is which exercise's, and what is said of the others.

A file is an exercise's by its name. One with another name is, too, where it defines all that the exercise asks for and
the exercise has no file of its own that holds work.
"""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from grader.course.cells import names_written
from grader.course.choice import Offer, choose, is_untouched, what_it_lacks
from grader.course.curriculum import Curriculum, Exercise
from grader.course.file_names import FileNames, Meaning
from grader.course.imports import imported
from grader.course.layout import Layout
from grader.course.module_reading import read_module
from grader.course.notebooks import NotebookError
from grader.course.source import MAX_SOURCE_BYTES
from grader.course.stubs import handed_out_stub
from grader.course.visible import visible_line
from grader.score.intake.archives import Refused
from grader.score.intake.submission import Aside, Submission
from grader.score.intake.walking import HandedFile

MAX_NOTEBOOK_BYTES = 32 * 2**20  # most of it outputs, which are not looked at
MAX_SUBMISSION_BYTES = 64 * 2**20
MAX_SHOWN = 80
PLACEHOLDER = ".icloud"
UNKNOWN = "it is no file of the course"
CODE = (".py", ".ipynb")
PERHAPS_CODE = (*CODE, ".txt", "")  # mail programs and telephones put other endings, or none
NOT_READ = {
    **dict.fromkeys((".pdf",), "a PDF"),
    **dict.fromkeys((".doc", ".docx", ".pages"), "a Word document"),
    **dict.fromkeys((".odt", ".rtf"), "a text document"),
    **dict.fromkeys((".html", ".htm", ".mhtml", ".webarchive"), "a web page"),
    **dict.fromkeys((".png", ".jpg", ".jpeg", ".heic", ".gif", ".webp"), "a picture"),
    **dict.fromkeys((".pyc", ".pyo"), "compiled"),
    **dict.fromkeys((".gz", ".xz", ".bz2", ".zst"), "compressed"),
    **dict.fromkeys((".eml", ".msg"), "a mail"),
    **dict.fromkeys((".crdownload", ".part"), "an unfinished download"),
}


@dataclass(frozen=True)
class Handed:
    """A file of a student, with its place in the system's order of uploads, and when it came."""

    file: HandedFile
    attempt: tuple[float, ...] = ()
    handed_in: float = 0.0


class Assigner:
    """Knows the course: each exercise's stub and names. `asked` are the exercises that are to be judged."""

    def __init__(self, layout: Layout, curriculum: Curriculum, asked: Iterable[Exercise]) -> None:
        self.curriculum = curriculum
        self.names = FileNames(curriculum)
        self.asked = tuple(asked)
        self.course = frozenset(exercise.name for exercise in curriculum.exercises)
        # Each is derived when it is first asked for: a class with one exercise asks for few.
        self.stub = functools.cache(lambda exercise: handed_out_stub(layout, exercise).encode())
        self.defines = functools.cache(lambda exercise: frozenset(_names_in(self.stub(exercise))))

    def get_ready(self) -> None:
        """Find out beforehand what is the same for every submission: each of them is read in a process of its own."""
        for exercise in self.curriculum.graded:
            self.defines(exercise)
            is_untouched(b"", self.stub(exercise))

    def assign(self, submission: Submission, handed: list[Handed]) -> Submission:
        """The submission with its files. What cannot be read costs only itself."""
        passed_over = tuple(item.file.path for item in handed if item.file.passed_over)
        submission = replace(submission, passed_over=passed_over)
        handed = [item for item in handed if not item.file.passed_over]
        budget = _Budget()
        offers: dict[str, list[Offer]] = defaultdict(list)
        unread = [item for item in handed if item.file.problem]
        aside = [Aside(item.file.path, item.file.problem) for item in unread]
        named = [(item, self.names.meanings(item.file.path)) for item in handed if item not in unread]
        for item, meanings in named:
            if meanings:
                aside += self._by_name(budget.read(item, meanings[0]), meanings, offers)
        without_work = self._without_work(offers)
        wanted = [exercise for exercise in without_work if not exercise.manually_graded]
        self._from_others(wanted, offers)
        aside += self._by_content([item for item, meanings in named if not meanings], wanted, offers, budget)
        return self._chosen(submission, offers, without_work, aside)

    def _chosen(
        self,
        submission: Submission,
        offers: dict[str, list[Offer]],
        without_work: list[Exercise],
        aside: list[Aside],
    ) -> Submission:
        best: dict[str, Offer] = {}
        for exercise in self.curriculum.exercises:
            if found := offers.get(exercise.name):
                choice = choose(found, self.stub(exercise) if len(found) > 1 else b"")
                aside += [Aside(offer.path, reason) for offer, reason in choice.others]
                if choice.best.problem:
                    aside.append(Aside(choice.best.path, choice.best.problem))
                else:
                    best[exercise.name] = choice.best
        doubts = {e.name: what_it_lacks(best[e.name], self.stub(e)) for e in without_work if e.name in best}
        times = [best[exercise.name].handed_in for exercise in self.asked if exercise.name in best]
        renamed = [
            f"{_short(offer.path)} was read as {name}{offer.meaning.suffix}"
            for name, offer in best.items()
            if offer.meaning.renamed
        ]
        return replace(
            submission,
            files={name: offer.source for name, offer in best.items()},
            modules={name: offer.module for name, offer in best.items() if offer.module is not None},
            used={name: offer.path for name, offer in best.items()},
            doubts={name: doubt for name, doubt in doubts.items() if doubt},
            imports={name: self._imports(offer) for name, offer in best.items()},
            aside=tuple(aside),
            notes=(*submission.notes, *renamed),
            problem="" if best else _no_file(aside, submission.passed_over),
            submitted=max(times, default=submission.submitted),
        )

    def _imports(self, offer: Offer) -> tuple[str, ...]:
        """The other parts of the course that the file imports, in no order that its author could make costly."""
        exercise = offer.meaning.exercise
        return tuple(sorted(self.course.intersection(imported(offer.source, exercise.chapter))))

    # -- by name ----------------------------------------------------------------------------------------

    def _by_name(self, offer: Offer, meanings: tuple[Meaning, ...], offers: dict[str, list[Offer]]) -> list[Aside]:
        """Add the offer to the exercise that its name means. It is told of where that cannot be known."""
        meant = self._meant(meanings, offer)
        for meaning in meant:
            offers[meaning.exercise.name].append(replace(offer, meaning=meaning))
        names = (meaning.exercise.name for meaning in meanings)
        return [] if meant else [Aside(offer.path, self._shared_name(names))]

    def _meant(self, meanings: tuple[Meaning, ...], offer: Offer) -> list[Meaning]:
        """Of several exercises of one name, the asked one, or the one whose names stand in the file."""
        if len(meanings) == 1:
            return [meanings[0]]
        asked = [meaning for meaning in meanings if meaning.exercise in self.asked]
        if len(asked) == 1:
            return asked
        defined = _names_in(offer.source)
        shares = [len(defined & self.defines(m.exercise)) / len(self.defines(m.exercise)) for m in meanings]
        best = max(shares)
        return (
            [m for m, share in zip(meanings, shares, strict=True) if share == best] if shares.count(best) == 1 else []
        )

    @staticmethod
    def _shared_name(names: Iterable[str]) -> str:
        return f"it may be {' or '.join(names)}: put it into its chapter's folder"

    # -- by content -------------------------------------------------------------------------------------

    def _without_work(self, offers: dict[str, list[Offer]]) -> list[Exercise]:
        """The asked exercises that have no file with work in it."""
        return [
            exercise
            for exercise in self.asked
            if all(what_it_lacks(offer, self.stub(exercise)) for offer in offers.get(exercise.name, []))
        ]

    def _from_others(self, wanted: list[Exercise], offers: dict[str, list[Offer]]) -> None:
        """A notebook that is named after one exercise may hold more of them."""
        graded = [exercise.name for exercise in self.curriculum.graded]
        named = {id(offer): offer for name in graded for offer in offers.get(name, [])}.values()
        for offer in list(named):
            own = self.defines(offer.meaning.exercise)
            found = [exercise for exercise in self._defined_in(offer, wanted) if not self.defines(exercise) & own]
            self._offer_to(found, offer, offers)

    def _by_content(
        self, unnamed: list[Handed], wanted: list[Exercise], offers: dict[str, list[Offer]], budget: _Budget
    ) -> list[Aside]:
        """Files of another name go to the wanted exercises that they define; the rest is told."""
        aside = []
        for item in unnamed:
            path = item.file.path
            suffix = PurePosixPath(path.strip()).suffix.lower()
            if suffix not in PERHAPS_CODE or not wanted:
                aside.append(Aside(path, self._what_to_do(path)))
                continue
            kind = suffix if suffix in CODE else ".py"
            offer = budget.read(item, Meaning(wanted[0], kind, placed=False, renamed=True))
            found = self._defined_in(offer, wanted)
            if len({self.defines(exercise) for exercise in found}) < len(found):
                aside.append(Aside(path, self._shared_name(exercise.name for exercise in found)))
            elif found:
                self._offer_to(found, offer, offers)
            else:
                aside.append(Aside(path, (offer.problem if suffix in CODE else "") or self._what_to_do(path)))
        return aside

    def _defined_in(self, offer: Offer, wanted: list[Exercise]) -> list[Exercise]:
        """The exercises all of whose names the file defines."""
        defined = _names_in(offer.source)
        return [exercise for exercise in wanted if self.defines(exercise) <= defined]

    @staticmethod
    def _offer_to(found: list[Exercise], offer: Offer, offers: dict[str, list[Offer]]) -> None:
        for exercise in found:
            meaning = replace(offer.meaning, exercise=exercise, renamed=True)
            offers[exercise.name].append(replace(offer, meaning=meaning))

    def _what_to_do(self, path: str) -> str:
        suffix = PurePosixPath(path).suffix.lower()
        named = self.names.named_after(path)
        if suffix in NOT_READ:
            files = " or ".join(dict.fromkeys(_file_of(exercise) for exercise in named))
            return f"it is {NOT_READ[suffix]}, which is not read: hand in {files or 'the .py or .ipynb file'}"
        if suffix not in (*CODE, ".md"):
            return UNKNOWN
        close = self.names.nearest(path)
        if close is None:
            return f"{UNKNOWN}: name it after its exercise"
        alike = self.names.by_stem[close.short]
        if len(alike) > 1:
            return self._shared_name(exercise.name for exercise in alike)
        return f"{UNKNOWN}: was {close.name}{close.suffix} meant? Name it so"


def _file_of(exercise: Exercise) -> str:
    """How the file of an exercise is called."""
    return f"{exercise.short}.md" if exercise.manually_graded else f"{exercise.short}.py or {exercise.short}.ipynb"


class _Budget:
    """Reads a submission's files, as many bytes as it may have in all."""

    def __init__(self) -> None:
        self.left = MAX_SUBMISSION_BYTES

    def read(self, item: Handed, meaning: Meaning) -> Offer:
        """The file as an offer. One that is too large, or cannot be read, says so."""
        file = item.file
        most = MAX_NOTEBOOK_BYTES if meaning.suffix == ".ipynb" else MAX_SOURCE_BYTES
        attempt = (*item.attempt, float(file.upload))
        offer = Offer(file.path, meaning, b"", None, attempt, file.modified, handed_in=item.handed_in)
        if file.size > most:
            return replace(offer, problem=f"it is larger than {most // 2**20} MB, and was not read")
        if self.left < file.size:
            limit = MAX_SUBMISSION_BYTES // 2**20
            return replace(offer, problem=f"the submission has more than {limit} MB of such files; it was not read")
        try:
            data = file.read(most + 1)
            self.left -= len(data)
            if len(data) > most:
                return replace(offer, problem=f"it is larger than {most // 2**20} MB, and was not read")
            module = read_module(data, meaning.suffix, PurePosixPath(file.path).name)
            if module is None:
                return replace(offer, source=data)
        except Refused as refused:
            return replace(offer, problem=str(refused))
        except NotebookError as error:
            return replace(offer, problem=_no_notebook(error, PurePosixPath(file.path).name))
        except OSError as error:  # its text has the path of this machine
            return replace(offer, problem=f"it cannot be read: {error.strerror}")
        except MemoryError:
            return replace(offer, problem="it takes too much memory to read: leave out what is not needed")
        except Exception:  # the libraries raise anything over bytes that were made for it
            return replace(offer, problem="it cannot be read: open it, and save it anew")
        if len(module.source) > MAX_SOURCE_BYTES:
            return replace(offer, problem=f"its code is larger than {MAX_SOURCE_BYTES // 2**20} MB, and was not read")
        return replace(offer, source=module.source.encode(), module=module)


def _names_in(source: bytes) -> set[str]:
    return names_written(source.decode("utf-8", "replace"))


def _no_file(aside: list[Aside], passed_over: tuple[str, ...]) -> str:
    """Why a submission has no file that counts."""
    if not aside and passed_over:
        placeholder = next((path for path in passed_over if path.endswith(PLACEHOLDER)), None)
        if placeholder is not None:
            return f"{_short(placeholder)} is a placeholder of iCloud: the file itself was not downloaded"
        return f"nothing is in it but {_short(passed_over[0])}: hidden files, caches and environments are passed over"
    if not aside:
        return "nothing is in it"
    telling = next((item for item in aside if not item.reason.startswith(UNKNOWN)), aside[0])
    return f"no exercise's file was found in it; {_short(telling.name)}: {telling.reason}"


def _no_notebook(error: NotebookError, name: str) -> str:
    """Why a notebook cannot be read and what to do, beside its name."""
    said = visible_line(error.message)
    said = f"it {said.removeprefix(name).lstrip()}" if said.startswith(f"{name} ") else said
    return f"{said}; {error.hint}" if error.hint else said


def _short(path: str) -> str:
    return path if len(path) <= MAX_SHOWN else "…" + path[-MAX_SHOWN:]
