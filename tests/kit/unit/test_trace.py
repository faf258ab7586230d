"""`GRADER_TRACE`: one line for each exchange, and never a reason for another verdict."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import torch

from grader.protocol.messages import AnyReply, Begin, Call, Lookup, Missing, Raised, Refused, Request, Returned
from grader.protocol.wire import Unsendable
from grader.tester.contract import Contract
from grader.tester.peer import Peer
from grader.tester.proxies import Student
from grader.tester.trace import MAX_LINE, VARIABLE, Trace
from unit.fakes import FakeConnection, handle, peer_at


def written(tmp_path: Path, *exchanges: tuple[Request, AnyReply]) -> list[str]:
    trace = Trace(str(tmp_path / "trace.txt"))
    for request, reply in exchanges:
        trace.write("your code", request, reply)
    text = (tmp_path / "trace.txt").read_text(encoding="utf-8")
    assert text.endswith("\n")
    return text[:-1].split("\n")


def told(tmp_path: Path, request: Request, reply: AnyReply) -> str:
    """The line of one exchange, without the time and the process."""
    (line,) = written(tmp_path, (request, reply))
    assert f" {os.getpid()} your code: " in line
    return line.partition("your code: ")[2]


def call(*args: Any) -> Call:
    return Call(target=None, args=list(args), kwargs={}, grad=True, count=False)


def test_each_exchange_is_one_line(tmp_path: Path) -> None:
    exchanges: list[tuple[Request, AnyReply]] = [
        (Begin(seed=3), Returned()),
        (Lookup(target=None, name="f"), Missing(name="f")),
    ]
    lines = written(tmp_path, *exchanges)
    assert [line.partition("your code: ")[2] for line in lines] == [
        "Begin(seed=3) -> Returned()",
        "Lookup(name='f') -> Missing(name='f')",
    ]


def test_values_are_described_and_what_is_empty_is_left_out(tmp_path: Path) -> None:
    returned = Returned(value=(torch.ones(2), Unsendable("a thing")), changed={})
    assert told(tmp_path, call(torch.ones(2, 3), "a\nb"), returned) == (
        r"Call(args=[tensor float32 (2, 3), 'a\nb'], grad=True, count=False, trace=False)"
        " -> Returned(value=(tensor float32 (2,), a thing))"
    )


def test_an_exception_is_its_class_and_its_message(tmp_path: Path) -> None:
    raised = Raised(types=("ValueError", "Exception"), message="two\nlines", frames=())
    assert told(tmp_path, call(), raised).endswith(r" -> Raised(ValueError: two\nlines)")
    assert len(written(tmp_path, (call(), Raised(types=(), message="", frames=())), (call(), Refused(reason="r")))) == 3


def test_a_long_value_makes_no_long_line(tmp_path: Path) -> None:
    raised = Raised(types=("ValueError",), message="x" * 10**5, frames=())
    (line,) = written(tmp_path, (call(*range(1000)), raised))
    assert len(line) <= MAX_LINE


def test_handles_are_named_and_not_asked(tmp_path: Path) -> None:
    path = tmp_path / "trace.txt"
    peer = Peer("your code", Contract(), Trace(str(path)))
    connection = FakeConnection(Returned(value=handle(1, "module", "Layer")), Returned(value=[1], changed={}))
    peer.attach(connection)
    layer = Student(peer).layer
    layer(layer)
    lines = path.read_text(encoding="utf-8").splitlines()
    assert [line.partition("your code: ")[2] for line in lines] == [
        "Lookup(name='layer') -> Returned(value=a Layer)",
        "Call(target=a Layer, args=[a Layer], grad=True, count=False, trace=False) -> Returned(value=[1])",
    ]


def test_without_a_file_nothing_is_written_and_nothing_is_described(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("grader.tester.trace._shown", lambda message: pytest.fail("described"))
    monkeypatch.delenv(VARIABLE, raising=False)
    for trace in (Trace.from_environment(), Trace(""), Trace(None)):
        trace.write("your code", Begin(seed=1), Returned())


def test_the_environment_names_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "t"))
    Trace.from_environment().write("your code", Begin(seed=1), Returned())
    assert "Begin(seed=1)" in (tmp_path / "t").read_text()


@pytest.mark.parametrize("path", ["no/such/folder/trace.txt", ".", "n" * 300])
def test_a_trace_that_cannot_be_written_changes_nothing(tmp_path: Path, path: str) -> None:
    trace = Trace(str(tmp_path / path))
    peer = peer_at(FakeConnection(Returned(value="B"), Returned(value="C")))
    peer.trace = trace
    student = Student(peer)
    assert (student.Q1, student.Q2) == ("B", "C")
    assert trace.path is None, "it is not tried again for every exchange"


def test_text_that_no_file_can_hold_is_written_all_the_same(tmp_path: Path) -> None:
    raised = Raised(types=("ValueError",), message="half \ud800", frames=())
    assert told(tmp_path, call("half \ud800"), raised).endswith("ValueError: half ?)")
