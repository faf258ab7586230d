"""The short texts of commands: what was written where, and what there is to wait for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from grader.course.curriculum import Exercise

SEQUELS = MappingProxyType(
    {
        "ch5_models/translator": "see what it translates: grader train translator",
        "ch6_training/train": "see what it writes: grader train",
        "ch7_inference/generate": "generate text with your own model: grader play",
        "ch7_inference/kv_cache": "see how much faster your own model writes: grader play",
        "ch7_inference/gpt2_weights": "generate text with GPT-2 (docs/play.md): grader play --gpt2 FOLDER",
    }
)


def wrote_text(path: str) -> str:
    return f"wrote {path}"


def reset_question(exercise: Exercise, files: Sequence[str]) -> str:
    """Whether to put the stub back, and which files are kept as backups."""
    kept = f" {' and '.join(files)} will be kept as {'a backup' if len(files) == 1 else 'backups'}." if files else ""
    return f"Put the stub of {exercise.name} back?{kept}"


def reset_text(path: str, backups: Mapping[str, str]) -> str:
    """The stub is back, and where each of the learner's files is that was put aside."""
    lines = [f"{path} is the stub again."]
    lines += [f"Your {file.rpartition('/')[2]} is kept as {backup}." for file, backup in backups.items()]
    return "\n".join(lines)


def there_already_text(path: str) -> str:
    return f"{path} is there already"


def sequel_text(exercise: str) -> str | None:
    """What can be done with an exercise once it has passed; None where there is nothing of the kind."""
    return SEQUELS.get(exercise)


def marked_by_a_person_text(exercise: Exercise) -> str:
    return f"{exercise.name} is read and marked by a person; there is nothing to run."


def waiting_text() -> str:
    return "\nWaiting for a file to be saved. Ctrl-C ends this."


def skipped_text(exercise: Exercise, short: str, upcoming: Exercise | None) -> str:
    """What was skipped, how to come back to it, and where to go on."""
    lines = [
        f"{exercise.name} is skipped. It gives no points. Later exercises use the course's own code for it.",
        f"`grader check {short}` still judges it; `grader skip --undo {short}` ends the skipping.",
    ]
    if upcoming is not None:
        lines += ["", f"Next: {upcoming.name}, {upcoming.title}"]
    return "\n".join(lines)


def taken_up_text(exercise: Exercise, short: str) -> str:
    return f"{exercise.name} is no longer skipped. `grader check {short}` judges it."


def same_kit_text(source: str) -> str:
    return f"{source} is the kit that you have; nothing was changed."
