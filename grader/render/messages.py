"""The short texts of commands: what was written where, and what there is to wait for."""

from __future__ import annotations

from grader.course.curriculum import Exercise


def wrote_text(path: str) -> str:
    return f"wrote {path}"


def reset_text(path: str, backup: str | None) -> str:
    """The stub is back, and where the learner's file is, if there was one."""
    lines = [f"{path} is the stub again."]
    if backup is not None:
        lines.append(f"Your file is {backup}.")
    return "\n".join(lines)


def there_already_text(path: str) -> str:
    return f"{path} is there already"


def marked_by_a_person_text(exercise: Exercise) -> str:
    return f"{exercise.name} is read and marked by a person; there is nothing to run."


def waiting_text() -> str:
    return "\nWaiting for a file to be saved. Ctrl-C ends this."
