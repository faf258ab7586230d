"""Suites without solutions: what the reference and its mutants answered, written down and played back.

A learner's kit holds outputs, not code. Its public tests run under seeds that were recorded; the reference's
answers are played back in the order in which they were given, and a mutant's whole transcript stands in for running it.
"""

from __future__ import annotations

import tempfile
import time
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from grader.protocol import values as wire
from grader.protocol.results import Mistake
from grader.tester.links import Callback, LocalConnection
from grader.tester.student import Entry, Handle, Session

if TYPE_CHECKING:
    import pytest

    from grader.tester.plugin import SuitePlugin


class Turn(msgspec.Struct, frozen=True, array_like=True):
    """One request to the reference and its reply; `calls` are the functions of the tester's side that it called."""

    op: str
    name: str
    reply: bytes
    calls: tuple[bytes, ...] = ()


class RecordedEntry(msgspec.Struct, frozen=True, array_like=True):
    """One line of a mutant's transcript."""

    name: str
    raised: tuple[str, ...]
    value: bytes


class RecordedFailure(msgspec.Struct, frozen=True, array_like=True):
    """A test that a mutant fails: what it said, and every value that crossed."""

    message: str
    entries: tuple[RecordedEntry, ...]


class RecordedMutant(msgspec.Struct, frozen=True):
    """A mistake, by the tests that it fails. `tried` are all the tests that were run on it."""

    mistake: Mistake
    tried: tuple[str, ...]
    failed: dict[str, RecordedFailure]


class Take(msgspec.Struct, frozen=True):
    """Everything under one seed."""

    seed: int
    turns: dict[str, list[Turn]]
    mutants: tuple[RecordedMutant, ...]


class Recording(msgspec.Struct, frozen=True):
    """All takes of one exercise's public tests."""

    exercise: str
    takes: tuple[Take, ...]

    def take(self, seed: int) -> Take | None:
        return next((take for take in self.takes if take.seed == seed), None)


def write_recording(recording: Recording) -> bytes:
    return zlib.compress(msgspec.msgpack.encode(recording), 6)


def read_recording(path: Path) -> Recording:
    return msgspec.msgpack.decode(zlib.decompress(path.read_bytes()), type=Recording)


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
            calls.append(self.inner.core.encode([number, args, kwargs]))
            return callback(number, args, kwargs)

        reply = self.inner.exchange(frame, noted)
        op, name = _asked(frame)
        self.turns.setdefault(self.test, []).append(Turn(op, name, reply, tuple(calls)))
        return reply


class ReplayConnection:
    """The recording in the reference's place."""

    def __init__(self, take: Take, session: Session) -> None:
        self.take = take
        self.session = session
        self.test = ""
        self.position: dict[str, int] = {}

    def exchange(self, frame: bytes, callback: Callback) -> bytes:
        op, name = _asked(frame)
        turns = self.take.turns.get(self.test, [])
        position = 0 if op == "begin" else self.position.get(self.test, 0)
        if position >= len(turns) or (turns[position].op, turns[position].name) != (op, name):
            raise NotRecorded(f"{op} {name} in {self.test}")
        self.position[self.test] = position + 1
        for call in turns[position].calls:
            number, args, kwargs = wire.decode_frame(call, self.session.restore)
            callback(number, args, kwargs)
        return turns[position].reply


def _asked(frame: bytes) -> tuple[str, str]:
    """What a request asks for, without the numbers of handles, which differ from run to run."""
    request = wire.decode_frame(frame, lambda tag, rest: None)
    return str(request["op"]), str(request.get("name", ""))


def played(entries: list[Entry]) -> tuple[RecordedEntry, ...]:
    """A transcript as data. Handles keep their kind alone."""
    return tuple(RecordedEntry(e.name, e.raised, wire.encode(e.value, _kind_alone)) for e in entries)


def entries_of(test: RecordedFailure, session: Session) -> list[Entry]:
    """The transcript again, to be compared with a learner's."""
    from grader.protocol.results import Call

    def restore(tag: str, rest: list[Any]) -> Any:
        return Handle(session, -1, rest[0], "")

    return [Entry(e.name, Call(e.name), wire.decode_frame(e.value, restore), e.raised) for e in test.entries]


def _kind_alone(value: Any) -> list[Any] | None:
    return ["kind", value._kind] if isinstance(value, Handle) else None


def record(plugin: SuitePlugin, items: list[pytest.Item]) -> Take:
    """Run every test with the reference as the learner, then with each mutant, and write down what was answered."""
    from grader.tester.diagnosis import SLOW_SECONDS, load_mutant
    from grader.tester.process import reference_link

    job, pen = plugin.job, plugin.reference_session.link
    assert isinstance(pen, RecordingConnection)
    order: list[pytest.Item] = plugin.in_drawn_order(items)
    plugin.student_session.attach(reference_link(job))
    seconds: dict[str, float] = {}
    for item, following in zip(order, [*order[1:], None], strict=True):
        started = time.monotonic()
        raised = plugin.execute(item, following)
        seconds[item.name] = time.monotonic() - started
        if raised is not None:
            raise RuntimeError(f"{item.name} fails on the reference: {raised}")
    turns = {name: list(found) for name, found in pen.turns.items()}
    quick = [item for item in order if seconds[item.name] < SLOW_SECONDS]
    mutants = []
    with tempfile.TemporaryDirectory(prefix="grader-mutant-") as folder:
        for mutant in job.mutants:
            link = load_mutant(job, mutant, folder)
            if link is not None:
                mutants.append(_play(plugin, mutant.mistake, link, quick))
    return Take(job.seed, turns, tuple(mutants))


def _play(plugin: SuitePlugin, mistake: Mistake, link: LocalConnection, items: list[pytest.Item]) -> RecordedMutant:
    failed = {}
    for item in items:
        raised = plugin.replay(item, link, plugin.limit_of(item))
        if raised is not None:
            failed[item.name] = RecordedFailure(str(raised), played(plugin.student_session.transcript))
    return RecordedMutant(mistake, tuple(item.name for item in items), failed)
