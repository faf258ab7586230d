"""The learner's tree as the judge sees it: as it is, or a copy in which every file that counts has its place."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from grader.course.borrowing import Others, Part, part_of
from grader.course.cells import Cells, cell_texts
from grader.course.choice import Choice, Offer, choose, what_it_lacks
from grader.course.curriculum import Curriculum, Exercise
from grader.course.files import write_atomically
from grader.course.layout import Layout, file_in
from grader.course.module_reading import read_module
from grader.course.notebooks import MAX_SHOWN, Module, NotebookError
from grader.course.passed_over import is_passed_over
from grader.course.skipped_parts import stand_in_text, stands_in
from grader.course.source import SourceProblem
from grader.course.stubs import handed_out_stub
from grader.course.temporary import TemporaryFolder
from grader.course.visible import short_line
from grader.learner.tree import Found, LearnerTree
from grader.protocol.jobs import LearnerSource

OWN = "skipped"  # the folder of a copy in which the learner's own files of skipped parts lie


@dataclass(frozen=True)
class SourceFile:
    """Where an exercise's code is: the file, the tree it imports from, its name in messages, the files beside it.

    `module` is the notebook's where it was written as one, and `notebooks` has the cells of all that count. `notes` say
    what was set aside in it and which other files do not count. `problem` says why the one that was asked for cannot be
    read.
    """

    file: Path
    root: Path
    display_path: str
    module: Module | None
    notebooks: dict[str, Cells]
    notes: tuple[str, ...]
    problem: SourceProblem | None = None
    beside: tuple[str, ...] = ()

    @property
    def cells(self) -> Cells | None:
        return None if self.module is None else self.module.cells

    @property
    def first_lines(self) -> tuple[tuple[int, str], ...]:
        """The number and the first line of each cell with code, by which a person finds it."""
        if self.module is None:
            return ()
        texts = ((cell.number, cell.text.strip()) for cell in cell_texts(self.module.source, self.module.cells))
        return tuple((number, short_line(text.split("\n")[0], MAX_SHOWN)) for number, text in texts if text)

    def for_judge(self) -> LearnerSource:
        """The same as it goes into a job."""
        return LearnerSource(str(self.file), str(self.root), self.display_path, self.notebooks)


class Workspace:
    """Finds each exercise's code. `chosen` has the file that was asked for by its name, by exercise.

    Elsewhere the one rule decides that holds for what is handed in, too. For each part that was `skipped` something
    stands in that the others rest on, as far as there is anything. Use it as a context: a copy of the tree goes away
    at its end.
    """

    def __init__(
        self, tree: LearnerTree, chosen: Mapping[str, Path] | None = None, skipped: Iterable[str] = ()
    ) -> None:
        self.layout: Layout = tree.layout
        self.curriculum: Curriculum = tree.curriculum
        self.tree = tree
        self.chosen = chosen or {}
        self.skipped = frozenset(skipped)
        self.stand_ins = frozenset(
            item.name for item in self.curriculum.graded if item.name in self.skipped and stands_in(self.layout, item)
        )
        self.choices: dict[str, Choice] = {}
        self.not_counting: set[str] = set()  # exercises of which a file was asked for that is not the one that counts
        self.copy: TemporaryFolder | None = None
        self.root: Path | None = None

    def __enter__(self) -> Workspace:
        return self

    def __exit__(self, *_: object) -> None:
        if self.copy is not None:
            self.copy.close()

    def source(self, exercise: Exercise) -> SourceFile:
        """Where this exercise's code is, and what is to be said of the files that may be it."""
        root = self._root()
        choice = self.choices.get(exercise.name)
        if choice is None:
            missing = self.layout.exercise_file(exercise.name, exercise.suffix)
            return SourceFile(missing, root, self.layout.display_path(missing), None, self._notebooks(exercise), ())
        best = choice.best
        others = tuple(f"{offer.path} does not count: {reason}" for offer, reason in choice.others)
        return SourceFile(
            file=file_in(self._root_of(exercise), exercise.name, exercise.suffix),
            root=root,
            display_path=best.path,
            module=best.module,
            notebooks=self._notebooks(exercise),
            notes=(*(best.module.notes if best.module is not None else ()), *others),
            problem=SourceProblem(best.problem, ".") if best.problem else None,
            beside=tuple(
                name for found in self.tree.files_of(exercise) if (name := self._display(found.path)) != best.path
            ),
        )

    def text(self, exercise: Exercise) -> bytes:
        """What is judged of this exercise, as it is now; of a notebook, the code of its cells. Empty where none is."""
        source = self.source(exercise)
        if source.module is not None:
            return source.module.source.encode()
        try:
            return source.file.read_bytes()
        except OSError:
            return b""

    def with_work(self, exercise: Exercise) -> tuple[Path, ...]:
        """The exercise's files that hold work, under whatever name."""
        stub = handed_out_stub(self.layout, exercise).encode()
        found = self.tree.files_of(exercise)
        return tuple(item.path for item in found if not what_it_lacks(self._offer(item), stub))

    def others(self, exercise: Exercise) -> Others:
        """The files of the other parts, for whoever asks what this exercise's file takes out of them."""

        def part(name: str) -> Part | None:
            if name not in self.choices:
                return None
            best = self.choices[name].best
            stub = handed_out_stub(self.layout, self.curriculum.get(name))
            if name in self.stand_ins:  # which has what the stub promises, and nothing that is to be looked at
                return part_of(stub.encode(), None, stub)
            cells = best.module.cells if best.module is not None else None
            return part_of(best.source, cells, stub)

        return Others(self.curriculum.needed_by(exercise), part)

    def _notebooks(self, exercise: Exercise) -> dict[str, Cells]:
        """The cells of each module that is a notebook's in the tree as this exercise sees it."""
        modules = {
            name: choice.best.module
            for name, choice in self.choices.items()
            if name == exercise.name or name not in self.stand_ins
        }
        return {name: module.cells for name, module in modules.items() if module is not None}

    def _root_of(self, exercise: Exercise) -> Path:
        """The tree in which the exercise's own file lies: beside the others', where a stand-in has its place there."""
        root = self._root()
        if exercise.name not in self.stand_ins:
            return root
        assert self.copy is not None
        return self.copy.path / OWN

    def _root(self) -> Path:
        """The exercises themselves, or a copy where a file that counts has another name or is a notebook."""
        if self.root is None:
            found = {exercise.name: self.tree.files_of(exercise) for exercise in self.curriculum.exercises}
            self.choices = {
                exercise.name: self._choice(exercise, found[exercise.name])
                for exercise in self.curriculum.exercises
                if found[exercise.name]
            }
            own = {
                e.name: self._display(self.layout.exercise_file(e.name, e.suffix)) for e in self.curriculum.exercises
            }
            moved = any(c.best.path != own[name] or c.best.module is not None for name, c in self.choices.items())
            self.root = self._copied() if moved or self.stand_ins else self.layout.exercises
        return self.root

    def _choice(self, exercise: Exercise, found: list[Found]) -> Choice:
        offers = [self._offer(item) for item in found]
        choice = choose(offers, handed_out_stub(self.layout, exercise).encode() if len(offers) > 1 else b"")
        asked = [self._display(item.path) for item in found if item.path == self.chosen.get(exercise.name)]
        if not asked:
            return choice
        if choice.best.path != asked[0]:
            self.not_counting.add(exercise.name)
        return Choice(next(offer for offer in offers if offer.path == asked[0]))

    def _offer(self, found: Found) -> Offer:
        path = self._display(found.path)
        offer = Offer(path, found.meaning, b"", modified=found.path.stat().st_mtime)
        try:
            data = found.path.read_bytes()
            module = read_module(data, found.meaning.suffix, path)
        except NotebookError as error:
            return replace(offer, problem=error.message)
        except OSError as error:
            return replace(offer, problem=f"it cannot be read: {error.strerror}")
        return replace(offer, source=data if module is None else module.source.encode(), module=module)

    def _display(self, path: Path) -> str:
        return self.layout.display_path(path)

    def _copied(self) -> Path:
        """A copy of the tree for this run alone, so that two runs at once do not meet."""
        self.copy = TemporaryFolder()
        folder = self.copy.path / "exercises"

        def left_out(_: str, names: list[str]) -> list[str]:
            return [name for name in names if is_passed_over(name) or name.endswith(".ipynb")]

        shutil.copytree(self.layout.exercises, folder, ignore=left_out, ignore_dangling_symlinks=True)
        for exercise in self.curriculum.exercises:
            is_stood_in = exercise.name in self.stand_ins
            if (choice := self.choices.get(exercise.name)) is not None:
                tree = self.copy.path / OWN if is_stood_in else folder
                write_atomically(file_in(tree, exercise.name, exercise.suffix), choice.best.source)
            if is_stood_in:
                write_atomically(file_in(folder, exercise.name), stand_in_text(self.layout, exercise))
        return folder
