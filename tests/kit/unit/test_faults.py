"""Faults that the kit once had. Each test says what was wrong; none may come back."""

from __future__ import annotations

import contextlib
import copyreg
import gc
import io
import socket
from pathlib import Path
from typing import Any

import pytest
import torch

from grader.protocol import messages, results
from grader.protocol.frames import Closed, FrameKind, receive_frame
from grader.protocol.messages import Call, Load, Lookup, Returned, read_reply
from grader.protocol.value_reader import ValueReader
from grader.tester.allowance import Allowance, Usage
from grader.tester.compare import values_match
from grader.tester.diagnosis import transcripts_match
from grader.tester.expect import Expect
from grader.tester.failures import SuiteFailure
from grader.tester.proxies import Student
from grader.tester.source_tree import SourceTree
from grader.tester.transcript import Entry
from grader.tester.worker_connection import WorkerConnection
from grader.worker import process
from grader.worker.global_state import GlobalState
from grader.worker.request_handler import RequestHandler
from grader.worker.sandbox import Policy
from unit.fakes import handle, local_peer, packed, peer_at


class Answers:
    """A channel on which these answers come, one for each frame."""

    def __init__(self, *answers: bytes) -> None:
        self.answers = list(answers)

    def exchange(self, frame: bytes, allowance: Allowance) -> bytes:
        return self.answers.pop(0)


@pytest.mark.parametrize("where", ["a key", "a value", "the name of a type"])
def test_a_reply_that_speaks_of_a_callback_is_read_once(where: str) -> None:
    """A call back was told from a reply by its bytes: a reply that held a handle and the word `callback` was decoded
    to look whether it was one, and then again. The handle of the first reading was thrown away and freed the object
    that the second one stood for, so right code was told that its process had ended."""
    values: dict[str, Any] = {
        "a key": {"callback": handle(1)},
        "a value": ["callback", handle(1)],
        "the name of a type": handle(1, "object", "callback"),
    }
    source: Any = None
    worker = WorkerConnection(source, Load(name="a", path="/a.py", root="/"), Policy("/", ()), "none", 1)
    worker.channel = Answers(packed(Returned(value=values[where])))  # type: ignore[assignment]  # a fake
    worker.allowance = Allowance(10.0, lambda: Usage(0.0, False))
    peer = peer_at(worker)
    worker.restore = peer.restore
    found = peer.lookup(None, "thing", "")
    gc.collect()
    assert peer.released == [], "a handle was made that nobody holds"
    assert found is not None


@pytest.mark.parametrize(
    "request_",
    [
        Lookup(target=None, name="load_state_dict"),
        Call(target=None, args=[{"state": torch.ones(2)}], kwargs={}, grad=True, count=False),
        Lookup(target=None, name="setup"),
    ],
    ids=["load_state_dict", "a small state", "setup"],
)
def test_a_request_that_speaks_of_state_is_read_once(monkeypatch: pytest.MonkeyPatch, request_: Any) -> None:
    """A request for the process was told from one for the learner's code by its bytes: any small one that held the
    word `state` or `setup`, as every `load_state_dict` does, was decoded to look, and then again."""
    read: list[object] = []

    class Counting(ValueReader):
        def __init__(self, *args: Any) -> None:
            super().__init__(*args)
            read.append(self)

    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.sendall(packed(request_, FrameKind.REQUEST))
        ours.shutdown(socket.SHUT_WR)
        monkeypatch.setattr(messages, "ValueReader", Counting)
        with contextlib.suppress(Closed):
            process._serve(theirs)
        assert len(read) == 1
        read_reply(receive_frame(ours))


def test_a_returned_path_is_a_value() -> None:
    """The wire has a form for a `Path`, and yet the worker made a handle of it: `student.f() == Path("a")` failed with
    "came where a plain value was expected"."""
    handler = RequestHandler(lambda number, args, kwargs: None)
    assert handler.by_handle(Path("a/b")) is None and handler.objects == {}
    peer, _ = local_peer(f=lambda: [Path("a/b")])
    assert Student(peer).f() == [Path("a/b")]


RAGGED = [[1, 2], [3]]
OTHERS: list[Any] = [[[1, 2], [4]], [[1, 2, 3], []], [[9, 9], [9]], [[1], [2, 3]], [[1, 2], [3], []]]


@pytest.mark.parametrize("other", OTHERS, ids=repr)
def test_ragged_lists_are_equal_by_what_they_hold(other: Any) -> None:
    """Lists of different lengths in a list are no array, and two values that were no arrays counted as equal whatever
    they held: `expect.equal` passed them inside of a list or a dict, and a mistake was named by them."""
    peer, _ = local_peer()
    expect = Expect(peer)
    for inside in (lambda value: value, lambda value: [value], lambda value: {"a": value}):
        expect.equal(inside(RAGGED), inside([[1, 2], [3]]))
        with pytest.raises(SuiteFailure):
            expect.equal(inside(RAGGED), inside(other))
    assert values_match(RAGGED, [[1, 2], [3]]) and not values_match(RAGGED, other)

    def entry(value: Any) -> Entry:
        return Entry("f", results.Call("f"), value)

    assert transcripts_match([entry(RAGGED)], [entry([[1, 2], [3]])])
    assert not transcripts_match([entry(RAGGED)], [entry(other)])


def test_a_file_whose_name_holds_a_zero_byte_is_nobodys() -> None:
    """A worker that named such a file in an exception while it was imported ended the tester, which was called an
    error of the kit's. So did a circle of links."""
    tree = SourceTree("ch1/a", "/tree/ch1/a.py", "/tree")
    assert tree.exercise_of("/tree/ch1/b\0.py") is None
    assert tree.exercise_of("/tree/ch1/b.py") == "ch1/b"


def test_a_part_that_is_not_there_is_not_at_fault(tmp_path: Path) -> None:
    """A worker that said that its import had failed in a part which there is not was called blocked by that part."""
    (tmp_path / "suites" / "ch1").mkdir(parents=True)
    (tmp_path / "suites" / "ch1" / "test_a.py").touch()
    (tmp_path / "ch1").mkdir()
    tree = SourceTree("ch1/b", str(tmp_path / "ch1" / "b.py"), str(tmp_path), str(tmp_path / "suites"))
    (tmp_path / "ch1" / "c.py").touch()
    assert [tree.has(name) for name in ("ch1/a", "ch1/c", "ch9/nowhere")] == [False, False, False]
    (tmp_path / "ch1" / "a.py").touch()
    assert tree.has("ch1/a")


@pytest.mark.parametrize("is_there_before", [False, True])
def test_what_python_notes_on_a_class_that_is_saved_is_no_change(
    is_there_before: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`copyreg` keeps the names of a class's slots on the class once an object of it is saved: for the first time, or
    in the place of what stood there."""

    def save_one() -> None:
        if "__slotnames__" in vars(torch.Tensor):
            delattr(torch.Tensor, "__slotnames__")
        torch.save({"a": torch.zeros(2)}, io.BytesIO())
        copyreg._slotnames(torch.Tensor)  # type: ignore[attr-defined]
        assert "__slotnames__" in vars(torch.Tensor)

    save_one()
    if not is_there_before:
        delattr(torch.Tensor, "__slotnames__")
    state = GlobalState()
    save_one()
    assert state.changes() == []
    monkeypatch.setattr(torch.Tensor, "numel", lambda self: 1)
    assert state.changes() == ["torch.Tensor.numel"]


def test_a_worker_may_stand_in_a_folder_that_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker of a right answer that had removed its working folder ended when it was asked what had changed."""
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    state = GlobalState()
    (tmp_path / "gone").rmdir()
    assert state.changes() == ["the working directory"]
    assert GlobalState().changes() == []
    monkeypatch.chdir(tmp_path)
