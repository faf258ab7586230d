"""What the tester is asked to do. Travels from the command to the tester alone, never through the server."""

from __future__ import annotations

import msgspec

from grader.protocol.results import Mistake


class Mutant(msgspec.Struct, frozen=True):
    """The reference with one known mistake in it, as source text."""

    mistake: Mistake
    source: str


class Job(msgspec.Struct, frozen=True):
    """One exercise to judge: `file` is the learner's, read from `root`, the tree that holds its earlier parts.

    `shown` is how messages name the file. `time_limit` is in seconds for each test, `memory_limit` in bytes
    above what the worker starts with. `promised` is the file whose signatures count. `recording` stands in for a
    reference that is not there. `spare_long_tests` leaves out tests with a longer limit of their own once another
    has failed, which is enough to prove that a mistake is caught. `record` asks for the reference's and the
    mutants' answers instead of a verdict. `memo` is a folder in which what mutants did is kept for other jobs.
    `slack` are the seconds that a test may take in all beyond what the worker's limit lets it wait. `quiet` asks
    for the result alone: an event for each test is work for nothing where nobody watches.
    """

    exercise: str
    file: str
    display_path: str
    root: str
    suite: str
    reference_file: str
    reference_root: str
    seed: int
    data: str = ""
    promised: str = ""
    recording: str = ""
    record: bool = False
    memo: str = ""
    mutants: tuple[Mutant, ...] = ()
    time_limit: float = 10.0
    memory_limit: int = 2 * 2**30
    points: float = 1.0
    diagnose: bool = True
    fail_fast: bool = False
    spare_long_tests: bool = False
    worker_per_test: bool = False
    slack: float = 60.0
    quiet: bool = False
    tier: str = "none"


def differ_in_the_file_alone(one: Job, other: Job) -> bool:
    """Whether the two are the same suite under the same seed, for two learners' files."""
    return msgspec.structs.replace(one, file=other.file, root=other.root, display_path=other.display_path) == other
