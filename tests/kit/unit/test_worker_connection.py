"""The connection to a worker: every way in which an answer can come, or fail to come."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from grader.protocol.frames import Closed, FrameKind, kind_of
from grader.protocol.messages import (
    Begin,
    CallBack,
    CallBackFailed,
    CalledBack,
    GetChangedState,
    Load,
    Missing,
    Refused,
    Returned,
    SetUp,
    pack_message,
    read_callback_reply,
    read_request,
)
from grader.protocol.results import Failure, Verdict
from grader.protocol.wire import WireError
from grader.tester.allowance import Allowance, Overused, TimedOut, Usage
from grader.tester.channel import MAX_OUTPUT_BYTES, Channel
from grader.tester.failures import StudentTimeout, SuiteFailure, WorkerLost
from grader.tester.worker_connection import WorkerConnection, _read_for, unescaped
from grader.tester.worker_source import WorkerProcess
from grader.worker.sandbox import Policy, SandboxError
from unit.fakes import handle, packed

NOBODY = 2**30  # no process has this id
REQUEST = pack_message(FrameKind.REQUEST, Begin(seed=1))


class FakeChannel:
    """Answers each frame with the next of a list, or raises it. Remembers the frames."""

    def __init__(self, *answers: bytes | BaseException) -> None:
        self.answers = list(answers)
        self.sent: list[bytes] = []
        self.closed = False

    def exchange(self, frame: bytes, allowance: Allowance) -> bytes:
        self.sent.append(frame)
        answer = self.answers.pop(0)
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def close(self) -> None:
        self.closed = True


class FakeSource:
    """Makes away with workers and says how they ended."""

    def __init__(self, status: int | None) -> None:
        self.status = status
        self.ended: list[int] = []

    def start(self, tier: str, policy: Policy) -> WorkerProcess:
        raise AssertionError("no worker is started here")

    def end(self, pid: int) -> int | None:
        self.ended.append(pid)
        return self.status


Connect = Callable[..., WorkerConnection]


@pytest.fixture
def connect(tmp_path: os.PathLike[str]) -> Iterator[Connect]:
    """A connection to a worker that answers from a list, and whose process ends with `status`."""

    def made(*answers: bytes | BaseException, status: int | None = 3, tier: str = "none") -> WorkerConnection:
        trace, other = os.pipe()
        os.close(other)
        load = Load(name="ch1.a", path="/tree/ch1/a.py", root="/tree")
        worker = WorkerConnection(FakeSource(status), load, Policy(str(tmp_path), ()), tier, 2**30)
        worker.channel = FakeChannel(*answers)  # type: ignore[assignment]  # a fake
        worker.process = WorkerProcess(NOBODY, socket.socket(), -1, trace)
        worker.allowance = Allowance(10.0, lambda: Usage(0.0, False))
        opened.append(worker)
        return worker

    opened: list[WorkerConnection] = []
    yield made
    for worker in opened:
        worker.end()


def sent(worker: WorkerConnection) -> FakeChannel:
    assert isinstance(worker.channel, FakeChannel)
    return worker.channel


def nobody(number: int, args: list[Any], kwargs: dict[str, Any]) -> Any:
    raise AssertionError("nothing is called back")


# -- answers ------------------------------------------------------------------------------------------------


def test_a_reply_is_passed_on_as_it_came(connect: Connect) -> None:
    reply = packed(Returned(value=3))
    assert connect(reply).exchange(REQUEST, nobody) == reply


def call_back(number: int, *args: Any, **kwargs: Any) -> bytes:
    return packed(CallBack(number=number, args=list(args), kwargs=kwargs), FrameKind.CALLBACK)


def test_functions_of_the_suite_are_called_in_between(connect: Connect) -> None:
    reply = packed(Returned(value=3))
    worker = connect(call_back(0, 1, y=2), call_back(1), reply)
    called: list[Any] = []

    def callback(number: int, args: list[Any], kwargs: dict[str, Any]) -> Any:
        called.append((number, args, kwargs))
        if number == 1:
            raise ValueError("no")
        return [number, args]

    assert worker.exchange(REQUEST, callback) == reply
    assert called == [(0, [1], {"y": 2}), (1, [], {})]
    answers = [read_callback_reply(frame) for frame in sent(worker).sent[1:]]
    assert answers == [CalledBack(value=[0, [1]]), CallBackFailed(text="ValueError: no")]


def test_a_failure_of_the_suite_in_between_ends_the_test(connect: Connect) -> None:
    def callback(number: int, args: list[Any], kwargs: dict[str, Any]) -> Any:
        raise SuiteFailure(Failure("no"))

    with pytest.raises(SuiteFailure, match="no"):
        connect(call_back(0)).exchange(REQUEST, callback)


def test_handles_in_a_call_back_are_made_by_whoever_uses_the_connection(connect: Connect) -> None:
    worker = connect(call_back(0, handle(4)), packed(Returned()))
    worker.restore = lambda tag, rest: (tag, *rest)
    seen: list[Any] = []
    worker.exchange(REQUEST, lambda number, args, kwargs: seen.append(args))
    assert seen == [[("handle", 4, "callable", "function")]]


MALFORMED = {
    "no frame at all": b"",
    "of no known kind": b"\x09" + bytes(8),
    "cut short": call_back(0)[:-1],
    "arguments that are no list": packed(CallBack(number=0, args={}, kwargs={}), FrameKind.CALLBACK),
    "keywords that are no mapping": packed(CallBack(number=0, args=[], kwargs=[]), FrameKind.CALLBACK),
    "a reply in a call back's frame": packed(Returned(), FrameKind.CALLBACK),
    "a handle where nobody makes one": call_back(0, handle(4)),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_what_is_no_answer_ends_the_worker(connect: Connect, name: str) -> None:
    worker = connect(MALFORMED[name])
    channel, source = sent(worker), worker.source
    with pytest.raises(WorkerLost, match="answered something that is no answer"):
        worker.exchange(REQUEST, nobody)
    assert isinstance(source, FakeSource) and source.ended == [NOBODY]
    assert channel.closed and not worker.ready()


def test_an_answer_before_its_question_ends_the_worker(connect: Connect) -> None:
    worker = connect(WireError("an answer came before its question"))
    with pytest.raises(WorkerLost, match="before its question"):
        worker.exchange(REQUEST, nobody)


# -- no answer ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (3, r"exit status 3\): os._exit"),
        (0, "exit status 0"),
        (None, "for the memory"),
        (-signal.SIGKILL, "for the memory"),
        (-signal.SIGABRT, "aborted its process"),
        (-signal.SIGSEGV, "segmentation fault"),
        (-signal.SIGTERM, "ended by signal SIGTERM"),
        (-35, "ended by signal 35"),
    ],
)
def test_a_worker_that_died_is_said_to_have_died_as_it_did(connect: Connect, status: int | None, words: str) -> None:
    worker = connect(Closed(), status=status)
    with pytest.raises(WorkerLost, match=words):
        worker.exchange(REQUEST, nobody)
    with pytest.raises(WorkerLost, match="has ended"):
        worker.exchange(REQUEST, nobody)


def test_no_answer_in_time_is_a_timeout(connect: Connect) -> None:
    worker = connect(TimedOut())
    worker.seconds = 2.5
    with pytest.raises(StudentTimeout, match=r"No answer within 2.5 seconds\.") as raised:
        worker.exchange(REQUEST, nobody)
    assert raised.value.verdict is Verdict.TIMEOUT and not worker.ready()


def test_too_much_of_something_is_said(connect: Connect) -> None:
    worker = connect(Overused("Your code started more than 128 threads."))
    with pytest.raises(WorkerLost, match="more than 128 threads"):
        worker.exchange(REQUEST, nobody)
    assert not worker.ready()


# -- the process itself -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (packed(Returned(value=["torch.relu"])), ["torch.relu"]),
        (packed(Returned(value=[])), []),
        (packed(Returned(value=["x" * 500] * 50)), ["x" * 100] * 10),
        (packed(Returned(value=[3, None, "x"])), ["unknown", "unknown", "x"]),
        (packed(Returned(value="torch.relu")), ["unknown"]),
        (packed(Missing(name="x")), ["unknown"]),
    ],
)
def test_what_a_worker_says_of_its_state_is_trimmed(connect: Connect, answer: bytes, said: list[str]) -> None:
    worker = connect(answer)
    assert worker.global_changes() == said
    assert isinstance(read_request(sent(worker).sent[0]), GetChangedState)


def test_what_is_no_reply_to_a_question_of_our_own_is_no_answer(connect: Connect) -> None:
    with pytest.raises(WorkerLost, match="not understood"):
        connect(packed(Returned(value=handle(1)))).global_changes()


def test_a_worker_cannot_call_back_while_it_is_asked_about_itself(connect: Connect) -> None:
    with pytest.raises(WorkerLost, match="never passed"):
        connect(call_back(0)).global_changes()


def test_a_worker_that_is_enclosed_says_so(connect: Connect) -> None:
    worker = connect(packed(Returned(value="linux-base")), tier="linux-base")
    worker._enclose()
    request = read_request(sent(worker).sent[0])
    assert isinstance(request, SetUp) and (request.tier, request.memory_bytes) == ("linux-base", 2**30)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (packed(Refused(reason="no Landlock here")), "no Landlock here"),
        (packed(Returned(value="none")), "no answer"),
        (packed(Returned(value=True)), "no answer"),
        (packed(Missing(name="linux-base")), "no answer"),
        (Closed(), "ended at once"),
    ],
)
def test_anything_but_a_clear_yes_is_no_sandbox(connect: Connect, answer: Any, words: str) -> None:
    worker = connect(answer, tier="linux-base")
    with pytest.raises(SandboxError, match=words):
        worker._enclose()
    assert not worker.ready()


def test_ending_twice_is_ending_once(connect: Connect) -> None:
    worker = connect(status=-9)
    assert (worker.end(), worker.end()) == (-9, None)
    assert worker.take_output() == ""


@pytest.mark.parametrize(
    ("file", "is_theirs"),
    [
        ("/tree/ch1/a.py", True),
        ("/tree/ch1/b.py", True),
        ("/tree/ch1/secret.txt", False),
        ("/tree/../etc/a.py", False),
        ("/treehouse/a.py", False),
        ("/etc/passwd", False),
        ("/tree/ch1/a\0.py", False),
    ],
)
def test_lines_are_shown_of_the_learners_files_alone(connect: Connect, file: str, is_theirs: bool) -> None:
    assert connect()._is_learners(file) is is_theirs


def test_a_stack_is_text_whatever_the_worker_writes() -> None:
    assert unescaped(r"caf\xe9 \ud800 \udfff \Uffffffff") == "café \ufffd \ufffd \ufffd"


def test_a_stack_that_was_taken_back_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    trace, worker = os.pipe()
    monkeypatch.setattr("select.select", lambda *_: ([trace], [], []))
    assert _read_for(trace, 0.01) == ""
    os.write(worker, b"x")
    assert _read_for(trace, 0.01) == "x"
    os.close(trace)
    os.close(worker)


# -- the channel itself -------------------------------------------------------------------------------------

Ends = tuple[Channel, socket.socket, int]


@pytest.fixture
def ends() -> Iterator[Ends]:
    """A channel, and the worker's ends of its socket and its pipe."""
    ours, theirs = socket.socketpair()
    output, prints = os.pipe()
    channel = Channel(ours, output)
    yield channel, theirs, prints
    channel.close()
    theirs.close()
    os.close(prints)


def allowance(seconds: float = 10.0) -> Allowance:
    return Allowance(seconds, lambda: None)


def test_a_frame_arrives_in_pieces_or_with_the_next_one(ends: Ends) -> None:
    channel, theirs, _ = ends
    one, two = packed(Returned(value=1)), packed(Returned(value=[2] * 100))
    theirs.sendall(one + two[:20])
    assert channel.exchange(REQUEST, allowance()) == one
    assert theirs.recv(1000) == REQUEST
    theirs.sendall(two[20:])
    assert channel.receive(allowance()) == two


def test_an_answer_that_came_before_its_question_is_refused(ends: Ends) -> None:
    channel, theirs, _ = ends
    theirs.sendall(packed(Returned()) * 2)
    channel.exchange(REQUEST, allowance())
    with pytest.raises(WireError, match="before its question"):
        channel.exchange(REQUEST, allowance())


def test_a_size_that_is_too_large_is_refused_before_its_bytes(ends: Ends) -> None:
    channel, theirs, _ = ends
    theirs.sendall(b"\2\xff\xff\xff\xff\0\0\0\0")
    with pytest.raises(WireError, match="more than is allowed"):
        channel.receive(allowance())


def test_waiting_ends(ends: Ends) -> None:
    channel, theirs, _ = ends
    with pytest.raises(TimedOut):
        channel.receive(allowance(0.01))
    theirs.close()
    with pytest.raises(Closed):
        channel.receive(allowance())


def test_prints_are_collected_up_to_a_limit(ends: Ends) -> None:
    channel, theirs, prints = ends
    os.write(prints, b"x" * (MAX_OUTPUT_BYTES + 500))
    theirs.sendall(packed(Returned()))
    channel.exchange(REQUEST, allowance())
    said = channel.take_output()
    assert said == "x" * MAX_OUTPUT_BYTES + "\n… and 500 bytes more"
    assert channel.take_output() == ""
    os.write(prints, b"\xff new")
    channel.drain_output()
    assert channel.take_output() == "\ufffd new"


def test_every_kind_of_frame_that_is_sent_here_has_its_kind() -> None:
    assert kind_of(REQUEST) is FrameKind.REQUEST and kind_of(call_back(0)) is FrameKind.CALLBACK
