"""Where everything is: one exercise name gives every path."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from grader.errors import UsageError


def file_in(tree: Path, name: str, suffix: str = ".py") -> Path:
    """The file of an exercise in a tree that is laid out like `exercises`."""
    return tree / (name + suffix)


@dataclass(frozen=True)
class Layout:
    """The kit's root folder. `exercises` is the only tree that a learner edits."""

    root: Path

    @classmethod
    def find(cls, start: Path | None = None) -> Layout:
        """The kit around `start` (the current folder unless given), looking upwards."""
        here = (start or Path.cwd()).resolve()
        for folder in (here, *here.parents):
            if (folder / "exercises").is_dir() and (folder / "tests" / "graded").is_dir():
                return cls(folder)
        raise UsageError(
            f"no kit here: {here} is not inside a folder with `exercises` and `tests/graded`",
            "change into the folder that you cloned or unpacked, then try again",
        )

    @property
    def exercises(self) -> Path:
        return self.root / "exercises"

    @property
    def solutions(self) -> Path:
        return self.root / "solutions"

    @property
    def graded(self) -> Path:
        return self.root / "tests" / "graded"

    @property
    def data(self) -> Path:
        return self.root / "data"

    @property
    def state(self) -> Path:
        """What the grader remembers between runs; safe to delete."""
        return self.root / ".grader"

    def exercise_file(self, name: str, suffix: str = ".py") -> Path:
        return file_in(self.exercises, name, suffix)

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

    def pristine_file(self, name: str, suffix: str = ".py") -> Path:
        """The stub as it was handed out, in a kit that holds no solutions."""
        return file_in(self.graded / "pristine", name, suffix)

    def recording_file(self, name: str) -> Path:
        """What the reference answered, in a kit that holds no solutions."""
        return file_in(self.graded / "recordings", name, ".rec")

    def chapter_file(self, chapter: str) -> Path:
        return self.graded / chapter / "chapter.toml"

    @property
    def bans_file(self) -> Path:
        """The sets of names that exercises ban."""
        return self.graded / "bans.toml"

    def display_path(self, path: Path) -> str:
        """A path as a person in the kit's folder writes it."""
        try:
            return path.resolve().relative_to(self.root).as_posix()
        except ValueError:
            return str(path)
