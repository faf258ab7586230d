"""What `grader train` wrote last: losses and samples at moments of the training, kept for whoever looks later."""

from __future__ import annotations

import msgspec

from grader.course.files import write_atomically
from grader.course.layout import Layout

FILE = "writing.json"


class Moment(msgspec.Struct, frozen=True):
    """What the model wrote after a step. `loss` is the mean of the last steps' losses, in nats per token."""

    step: int
    loss: float
    text: str


class Writing(msgspec.Struct, frozen=True):
    """A run of `grader train`. Losses are in nats per token.

    `floor` and `reachable` are those of the kit's own text, with all that came before and with windows of the model's
    context; None where nobody knows them. `held_out` was measured on text that the model had not seen. `when` is the
    time of the run's end as ISO 8601 has it.
    """

    text: str
    steps: int
    moments: tuple[Moment, ...]
    held_out: float
    floor: float | None
    reachable: float | None
    context: int
    when: str


def read_writing(layout: Layout) -> Writing | None:
    """What was written last; None where nothing was, or where the file cannot be read."""
    try:
        return msgspec.json.decode((layout.state / FILE).read_bytes(), type=Writing)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return None


def keep_writing(layout: Layout, writing: Writing) -> None:
    """Write it in the place of the one before."""
    write_atomically(layout.state / FILE, msgspec.json.format(msgspec.json.encode(writing), indent=1))
