"""Suites without solutions: what the reference and its mutants answered, written down and played back.

A learner's kit holds outputs, not code. Its public tests run under seeds that were recorded; the reference's
answers are played back in the order in which they were given, and a mutant's whole transcript stands in for running it.
"""

from __future__ import annotations

import zlib
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import msgspec

from grader.course.mutants import Mistake
from grader.protocol import values
from grader.protocol.messages import Begin, name_of, peek_request
from grader.protocol.results import Call
from grader.tester.compare import in_short
from grader.tester.condensed import packed, unpacked
from grader.tester.connection import Callback
from grader.tester.digest import Digest
from grader.tester.local_connection import LocalConnection
from grader.tester.peer import Peer
from grader.tester.proxies import Handle
from grader.tester.transcript import Entry


class Turn(msgspec.Struct, frozen=True, array_like=True):
    """One request to the reference and its reply; `calls` are the functions of the tester's side that it called."""

    op: str
    name: str
    reply: bytes
    calls: tuple[bytes, ...] = ()


class RecordedEntry(msgspec.Struct, frozen=True, array_like=True):
    """One line of a mutant's transcript. `value` is the number of its value among those that are kept beside it."""

    name: str
    raised: tuple[str, ...]
    value: int
    sign: str = ""


class RecordedFailure(msgspec.Struct, frozen=True, array_like=True):
    """A test that a mutant fails: what it said, and every value that crossed."""

    message: str
    entries: tuple[RecordedEntry, ...]


class RecordedMutant(msgspec.Struct, frozen=True):
    """A mistake, by the tests that it fails."""

    mistake: Mistake
    failed: dict[str, RecordedFailure]


class Take(msgspec.Struct, frozen=True):
    """Everything under one seed. `values` are those of the mutants' transcripts, each different one once.

    `right` has what crosses in each test with the right answer, `lines` for each call of a test the numbers of the
    `digests` of all that the reference made in it.
    """

    seed: int
    turns: dict[str, list[Turn]]
    values: tuple[bytes, ...]
    mutants: tuple[RecordedMutant, ...]
    right: dict[str, RecordedFailure] = {}
    digests: tuple[Digest, ...] = ()
    lines: dict[str, dict[int, tuple[int, ...]]] = {}

    def seen_in(self, test: str, call: int) -> list[Digest]:
        """Of what the reference made on its way in this call of a test."""
        return [self.digests[number] for number in self.lines.get(test, {}).get(call, ())]


class Recording(msgspec.Struct, frozen=True):
    """All takes of one exercise's public tests by their seeds, each compressed on its own: a run needs one of them."""

    exercise: str
    takes: dict[int, bytes]

    def take(self, seed: int) -> Take | None:
        found = self.takes.get(seed)
        return None if found is None else msgspec.msgpack.decode(zlib.decompress(found), type=Take)


def read_recording(path: Path) -> Recording:
    return msgspec.msgpack.decode(path.read_bytes(), type=Recording)


class NotRecorded(Exception):
    """The reference was asked something that it was not asked when the recording was made."""


class RecordingConnection:
    """The reference with a pen: notes each reply under the test that is running."""

    def __init__(self, inner: LocalConnection) -> None:
        self.inner = inner
        self.turns: dict[str, list[Turn]] = {}
        self.test = ""

    def exchange(self, frame: bytes, callback: Callback) -> bytes:
        calls: list[bytes] = []

        def noted(number: int, args: list[Any], kwargs: dict[str, Any]) -> Any:
            calls.append(self.inner.handler.encode([number, args, kwargs]))
            return callback(number, args, kwargs)

        reply = self.inner.exchange(frame, noted)
        op, name = _asked(frame)
        self.turns.setdefault(self.test, []).append(Turn(op, name, reply, tuple(calls)))
        return reply

    def memory(self, size: int) -> AbstractContextManager[None]:
        return self.inner.memory(size)


class ReplayConnection:
    """The recording in the reference's place."""

    def __init__(self, take: Take, peer: Peer) -> None:
        self.take = take
        self.peer = peer
        self.test = ""
        self.position: dict[str, int] = {}

    def exchange(self, frame: bytes, callback: Callback) -> bytes:
        op, name = _asked(frame)
        turns = self.take.turns.get(self.test, [])
        position = 0 if op == Begin.__name__ else self.position.get(self.test, 0)
        if position >= len(turns) or (turns[position].op, turns[position].name) != (op, name):
            raise NotRecorded(f"{op} {name} in {self.test}")
        self.position[self.test] = position + 1
        for call in turns[position].calls:
            number, args, kwargs = values.decode(call, self.peer.restore)
            callback(number, args, kwargs)
        return turns[position].reply

    def memory(self, size: int) -> AbstractContextManager[None]:
        """What was recorded takes none."""
        return nullcontext()


def _asked(frame: bytes) -> tuple[str, str]:
    """What a request asks for, without the numbers of handles, which differ from run to run."""
    request = peek_request(frame)
    return name_of(request), str(getattr(request, "name", ""))


class ValuePool:
    """Encoded values, each different one once: most mutants of a file return mostly the same."""

    def __init__(self) -> None:
        self.numbers: dict[bytes, int] = {}

    def number(self, value: bytes) -> int:
        return self.numbers.setdefault(value, len(self.numbers))

    @property
    def values(self) -> tuple[bytes, ...]:
        return tuple(self.numbers)


def recorded_entries(entries: list[Entry], pool: ValuePool) -> tuple[RecordedEntry, ...]:
    """A transcript as data. Handles keep their kind alone, large arrays in short."""
    return tuple(
        RecordedEntry(e.name, e.raised, pool.number(values.encode(e.value, _in_short)), e.sign) for e in entries
    )


def entries_of(test: RecordedFailure, kept: tuple[bytes, ...], peer: Peer) -> list[Entry]:
    """The transcript again, to be compared with a learner's. `kept` are the values that its numbers stand for."""

    def restore(tag: str, rest: list[Any]) -> Any:
        if tag == "condensed":
            return unpacked(rest)
        return Handle(peer, -1, rest[0], "")

    return [Entry(e.name, Call(e.name), values.decode(kept[e.value], restore), e.raised, e.sign) for e in test.entries]


def _in_short(value: Any) -> list[Any] | None:
    """The node of what is not kept in full."""
    if isinstance(value, Handle):
        return ["kind", value._kind]
    short = in_short(value)
    if short is None or short.values.dtype.kind == "c":
        return None
    return ["condensed", *packed(short)]
