"""Where everything is: one exercise name gives every path."""

from __future__ import annotations

import contextlib
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from grader.errors import UsageError

GRADED = Path("tests", "graded")
STATE = ".grader"
OWN_KIT = Path(__file__).resolve().parents[2]  # where this program lies in a kit, and is not installed elsewhere


def file_in(tree: Path, name: str, suffix: str = ".py") -> Path:
    """The file of an exercise in a tree that is laid out like `exercises`."""
    return tree / (name + suffix)


@dataclass(frozen=True)
class Layout:
    """The kit's root folder. `exercises` is the only tree that a learner edits.

    `work` holds it where a learner has a copy of the exercises alone: the kit itself may then be read-only.
    """

    root: Path
    work: Path | None = None

    @classmethod
    def find(cls, start: Path | None = None) -> Layout:
        """The kit around `start` (the current folder unless given), looking upwards.

        A folder with `exercises` alone belongs to the kit that this program is part of.
        """
        here = (start or Path.cwd()).resolve()
        for folder in (here, *here.parents):
            if (folder / "exercises").is_dir() and (folder / GRADED).is_dir():
                return cls(folder)
        for folder in (here, *here.parents):
            if any((folder / "exercises").glob("ch*_*")) and (OWN_KIT / GRADED).is_dir():
                return cls(OWN_KIT, folder)
        raise UsageError(
            f"no kit here: {here} is not inside a folder with `exercises` and `tests/graded`",
            "change into the folder that you cloned or unpacked, then try again",
        )

    @property
    def exercises(self) -> Path:
        return (self.work or self.root) / "exercises"

    @property
    def solutions(self) -> Path:
        return self.root / "solutions"

    @property
    def graded(self) -> Path:
        return self.root / GRADED

    @property
    def data(self) -> Path:
        return self.root / "data"

    @property
    def state(self) -> Path:
        """What the grader remembers between runs; safe to delete. In the user's own folder where this is read-only."""
        home = self.work or self.root
        if (home / STATE).is_dir() or os.access(home, os.W_OK):
            return home / STATE
        elsewhere = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
        return elsewhere / "transformer-kit" / hashlib.sha256(str(home).encode()).hexdigest()[:16]

    def exercise_file(self, name: str, suffix: str = ".py") -> Path:
        return file_in(self.exercises, name, suffix)

    def chapter_of(self, folder: Path) -> str:
        """The chapter in whose folder of exercises this folder is; nothing where it is in none."""
        with contextlib.suppress(ValueError):
            parts = folder.resolve().relative_to(self.exercises.resolve()).parts
            return parts[0] if parts else ""
        return ""

    def solution_file(self, name: str, suffix: str = ".py") -> Path:
        return file_in(self.solutions, name, suffix)

    def suite_file(self, name: str) -> Path:
        chapter, exercise = name.split("/")
        return self.graded / chapter / f"test_{exercise}.py"

    @property
    def shared_checks(self) -> list[Path]:
        """What suites may import from the folder above their chapters."""
        return sorted(self.graded.glob("*.py"))

    def suite_files(self, name: str) -> list[Path]:
        """The suite and the shared checks that it mentions, directly or not: what a verdict rests on."""
        found, waiting = [], [self.suite_file(name)]
        while waiting:
            found.append(waiting.pop())
            text = found[-1].read_text(encoding="utf-8", errors="replace") if found[-1].exists() else ""
            waiting += [path for path in self.shared_checks if path.stem in text and path not in found + waiting]
        return found

    def mistakes_file(self, name: str) -> Path:
        return file_in(self.graded / "mistakes", name, ".toml")

    def promises_file(self, name: str) -> Path:
        return file_in(self.graded / "promises", name, ".toml")

    def predictions_file(self, name: str) -> Path:
        """The questions to answer before coding."""
        return file_in(self.graded / "predict", name, ".toml")

    def pristine_file(self, name: str, suffix: str = ".py") -> Path:
        """The stub as it was handed out, in a kit that holds no solutions."""
        return file_in(self.graded / "pristine", name, suffix)

    def recording_file(self, name: str) -> Path:
        """What the reference answered, in a kit that holds no solutions."""
        return file_in(self.graded / "recordings", name, ".rec")

    def stand_in_file(self, name: str) -> Path:
        """What stands in for a part that was skipped, in a kit that holds no solutions."""
        return file_in(self.graded / "standins", name, ".bin")

    def picture_file(self, name: str) -> Path:
        """What the reference's pictures of an exercise show, in a kit that holds no solutions."""
        return file_in(self.graded / "pictures", name, ".json")

    @property
    def pictures(self) -> Path:
        """Where `grader picture` writes unless it is told otherwise."""
        return (self.work or self.root) / "pictures"

    @property
    def report(self) -> Path:
        """Where `grader report` writes unless it is told otherwise."""
        return (self.work or self.root) / "report.html"

    def drawn_file(self, name: str) -> Path:
        """The pictures of an exercise as the last report drew them."""
        return file_in(self.state / "drawn", name, ".json")

    def chapter_file(self, chapter: str) -> Path:
        return self.graded / chapter / "chapter.toml"

    def chapter_page(self, chapter: str) -> Path:
        """What a chapter is for, how its parts meet and how long it takes: a page with a drawing."""
        return self.course_pages / f"{chapter}.md"

    @property
    def course_pages(self) -> Path:
        """The pages of the chapters, their drawings and the map of the course."""
        return self.root / "docs" / "course"

    @property
    def bans_file(self) -> Path:
        """The sets of names that exercises ban."""
        return self.graded / "bans.toml"

    def display_path(self, path: Path) -> str:
        """A path as a person in the kit's folder writes it."""
        for home in (self.work, self.root):
            with contextlib.suppress(ValueError):
                if home is not None:
                    return path.resolve().relative_to(home.resolve()).as_posix()
        return str(path)
