"""What the tester is asked to do. Travels from the command to the tester alone, never through the server."""

from __future__ import annotations

import enum

import msgspec

from grader.course.cells import Cells
from grader.course.mutants import Mutant
from grader.course.suite_text import function_of


class LearnerSource(msgspec.Struct, frozen=True):
    """The file to judge, and the tree that holds its earlier parts.

    `display_path` is how messages name the file. `notebooks` has, for each exercise of the tree that was written as a
    notebook, the first line of each cell.
    """

    file: str
    root: str
    display_path: str
    notebooks: dict[str, Cells] = {}


class Solution(msgspec.Struct, frozen=True, tag="solution"):
    """The reference as source: its file, and the tree that it imports from."""

    file: str
    root: str


class RecordedReference(msgspec.Struct, frozen=True, tag="recorded"):
    """What the reference answered, in a kit that holds no solutions. The stub's signatures are those that count."""

    recording: str
    stub: str


Reference = Solution | RecordedReference


class Limits(msgspec.Struct, frozen=True):
    """What each test may use: processor seconds, and bytes above what the worker starts with.

    `total_seconds` are what all tests may use together; one with a longer limit of its own counts apart.
    `slack_seconds` are what a test may take in all beyond what the worker's limit lets it wait, `own_seconds` what it
    may use of the tester's processor beyond what the reference may.
    """

    seconds: float = 10.0
    memory_bytes: int = 2 * 2**30
    total_seconds: float = 60.0
    slack_seconds: float = 60.0
    own_seconds: float = 10.0


class Shown(enum.StrEnum):
    """Of which tests more is kept than their verdicts: of all, of public ones, or of none."""

    ALL = "all"
    PUBLIC = "public"
    NONE = "none"


class JudgeMode(msgspec.Struct, frozen=True, tag="judge"):
    """Judge the file. `diagnose` asks for the mistakes behind failures, `shrink` for failing calls made small.

    `several` goes on looking where no single mistake explains every failure: a file that is known to have just one
    needs no such search, which tries every mistake on every failure.

    `spare_long_tests` leaves out tests with a longer limit of their own once another has failed, which is enough to
    prove that a mistake is caught; `spare` names others to be left out then. `first` names tests that run before the
    others, in this order. `only` names the tests that run at all, where not every one is to; a function's name stands
    for all of its cases. `shown` says how much is kept of what was found. `sketch` asks for what crossed in each failed
    test, to compare answers of a class by.
    """

    diagnose: bool = True
    shrink: bool = True
    several: bool = True
    fail_fast: bool = False
    spare_long_tests: bool = False
    worker_per_test: bool = False
    first: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    spare: tuple[str, ...] = ()
    shown: Shown = Shown.ALL
    sketch: bool = False

    def wants(self, test: str) -> bool:
        """Whether the test is to run at all."""
        return not self.only or test in self.only or function_of(test) in self.only


class RecordMode(msgspec.Struct, frozen=True, tag="record"):
    """Record what the reference and its mutants answer, instead of judging."""


Mode = JudgeMode | RecordMode


class Job(msgspec.Struct, frozen=True):
    """One exercise to judge. `memo` is a folder in which what mutants did is kept for other jobs.

    `tier` is the sandbox that the judge holds; it fills it in.
    """

    exercise: str
    suite: str
    data: str
    learner: LearnerSource
    reference: Reference | None
    mutants: tuple[Mutant, ...]
    seed: int
    points: float
    limits: Limits
    mode: Mode
    memo: str | None = None
    tier: str = "none"

    @property
    def module(self) -> str:
        """`ch2_embeddings.one_hot` for the exercise `ch2_embeddings/one_hot`."""
        return self.exercise.replace("/", ".")


def are_of_one_suite(one: Job, other: Job) -> bool:
    """Whether both judge by the same suite under the same seed: the files may differ, and which of its tests run."""
    both_judge = isinstance(one.mode, JudgeMode) and isinstance(other.mode, JudgeMode)
    return both_judge and msgspec.structs.replace(one, learner=other.learner, mode=other.mode) == other
