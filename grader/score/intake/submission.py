"""What one student handed in, as it was read: the files that count, and what was left aside with the reason."""

from __future__ import annotations

from dataclasses import dataclass, field

from grader.course.notebooks import Module
from grader.score.intake.people import Person


@dataclass(frozen=True)
class Aside:
    """Something that was handed in and does not count. `reason` says why, and what to do where there is something."""

    name: str
    reason: str


@dataclass(frozen=True)
class Submission:
    """One student's work: `files` maps exercises to the bytes of their file, `problem` says why there are none.

    Of an exercise that was handed in as a notebook, `modules` has the code with its cells. `used` has the name under
    which each exercise's file was handed in, `doubts` what such a file lacks: it may be the untouched stub, or empty.
    `imports` has the other parts of the course that a file asks for.
    `notes` are what its reader should know, `passed_over` what nobody would take for work. `sources` are the entries of
    the class that it came from.
    """

    person: Person
    files: dict[str, bytes] = field(default_factory=dict)
    modules: dict[str, Module] = field(default_factory=dict)
    used: dict[str, str] = field(default_factory=dict)
    doubts: dict[str, str] = field(default_factory=dict)
    imports: dict[str, tuple[str, ...]] = field(default_factory=dict)
    aside: tuple[Aside, ...] = ()
    passed_over: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    problem: str = ""
    submitted: float = 0.0

    @property
    def student(self) -> str:
        """How tables and pages name the student."""
        return self.person.label

    @property
    def key(self) -> str:
        """By what the student is known from run to run."""
        return self.person.key


@dataclass(frozen=True)
class Intake:
    """A class as it was read. `aside` are entries that are nobody's, `warnings` what a person should look at."""

    system: str
    submissions: tuple[Submission, ...]
    aside: tuple[Aside, ...] = ()
    warnings: tuple[str, ...] = ()
