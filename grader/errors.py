"""The exceptions that end a command, each with what to do next and an exit code."""

from __future__ import annotations


class GraderError(Exception):
    """The kit's own fault, or the base of the faults below. Exit code 3."""

    exit_code = 3

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(GraderError):
    """The command was used wrongly: an unknown name, a bad option. Exit code 2."""

    exit_code = 2


class ContentError(GraderError):
    """An authored file (chapter.toml, a mistakes file, a suite) is wrong."""

    def __init__(self, file: object, key: str, expected: str, hint: str | None = None) -> None:
        super().__init__(f"{file}: {key}: {expected}", hint)
        self.file = str(file)
        self.key = key


class JudgeError(GraderError):
    """The judging processes could not be started or ended unexpectedly."""
