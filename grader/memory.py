"""What the grader remembers between runs: which files passed as they are, and how many hints were shown."""

from __future__ import annotations

import functools
import hashlib
from pathlib import Path

import msgspec

from grader.curriculum import Curriculum, Exercise
from grader.files import write_atomically
from grader.house import House
from grader.needs import rests_on


class Pass(msgspec.Struct, frozen=True):
    """An exercise that passed, and the fingerprint of everything that its verdict rests on."""

    fingerprint: str
    points: float
    tests: int
    seed: int
    tier: str


class Notes(msgspec.Struct):
    """The remembered state, as it stands in `.grader/state.json`."""

    version: int = 1
    passes: dict[str, Pass] = {}
    hints: dict[str, int] = {}


class Memory:
    """Reads and writes the notes. A file that cannot be read is set aside, not lost."""

    def __init__(self, house: House, curriculum: Curriculum) -> None:
        self.house = house
        self.curriculum = curriculum
        self.path = house.state / "state.json"
        self.notes = self._load()
        self.fingerprints: dict[str, str] = {}

    def _load(self) -> Notes:
        try:
            return msgspec.json.decode(self.path.read_bytes(), type=Notes)
        except FileNotFoundError:
            return Notes()
        except (OSError, msgspec.DecodeError, UnicodeDecodeError):
            self.path.replace(self.path.with_suffix(".unreadable.json"))
            return Notes()

    def save(self) -> None:
        write_atomically(self.path, msgspec.json.format(msgspec.json.encode(self.notes), indent=1))

    def fingerprint(self, exercise: Exercise) -> str:
        """A hash of the learner's file, its suite, its table, the grader, and all other files that it rests on."""
        if exercise.name not in self.fingerprints:
            read = functools.cache(_read)

            def source(item: Exercise) -> bytes:
                """The file and the notebook beside it: whichever counts, what it imports is found."""
                file, notebook = (read(self.house.exercise_file(item.name, kind)) for kind in (item.suffix, ".ipynb"))
                return (file or b"") + b"\n" + (notebook or b"").replace(b'"', b"\n").replace(b"\\n", b"\n")

            digest = hashlib.sha256(_grader_hash().encode())
            digest.update(repr(exercise).encode())
            for path in (
                self.house.exercise_file(exercise.name, exercise.suffix),
                self.house.exercise_file(exercise.name, ".ipynb"),
                *self.house.suite_files(exercise.name),
                self.house.solution_file(exercise.name, exercise.suffix),
            ):
                digest.update(_hash(read(path)))
            for need in rests_on(self.curriculum, exercise, source):
                digest.update(need.name.encode())
                for kind in (need.suffix, ".ipynb"):
                    digest.update(_hash(read(self.house.exercise_file(need.name, kind))))
            self.fingerprints[exercise.name] = digest.hexdigest()
        return self.fingerprints[exercise.name]

    def passed(self, exercise: Exercise) -> Pass | None:
        """The remembered pass, if nothing that it rests on has changed."""
        found = self.notes.passes.get(exercise.name)
        return found if found and found.fingerprint == self.fingerprint(exercise) else None

    def remember(self, exercise: Exercise, points: float, tests: int, seed: int, tier: str) -> None:
        """Note a pass of the files as they were when this run began."""
        print_ = self.fingerprint(exercise)
        self.notes.passes[exercise.name] = Pass(print_, points, tests, seed, tier)

    def forget(self, exercise: Exercise) -> None:
        """An exercise that did not pass is not remembered as passed."""
        self.notes.passes.pop(exercise.name, None)

    def next_hint(self, exercise: Exercise) -> int:
        """How many hints are to be shown now: one more than the last time."""
        count = min(self.notes.hints.get(exercise.name, 0) + 1, len(exercise.hints))
        self.notes.hints[exercise.name] = count
        return count


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


def _hash(data: bytes | None) -> bytes:
    return hashlib.sha256(b"\0missing" if data is None else data).digest()


def _grader_hash() -> str:
    """A hash of the judging code: a verdict of another grader is not remembered as this one's."""
    package = Path(__file__).parent
    digest = hashlib.sha256()
    for path in sorted([*package.glob("*.py"), *package.glob("judge/**/*.py"), *package.glob("suite/*.py")]):
        stat = path.stat()
        digest.update(f"{path.name}:{stat.st_size}:{stat.st_mtime_ns}".encode())
    return digest.hexdigest()
