"""Printing a text, with all its characters visible.

`click.echo` takes a terminal that knows ASCII alone for one that knows UTF-8.
"""

from __future__ import annotations

import sys

from grader.course.visible import visible


def echo(text: str, err: bool = False) -> None:
    """The text and a line end, on standard output or on standard error, at once."""
    stream = sys.stderr if err else sys.stdout
    stream.write(f"{visible(text)}\n")
    stream.flush()


def echo_json(text: str) -> None:
    """The text and a line end on standard output, in UTF-8 on any terminal, at once."""
    sys.stdout.flush()
    sys.stdout.buffer.write(text.encode() + b"\n")
    sys.stdout.buffer.flush()
