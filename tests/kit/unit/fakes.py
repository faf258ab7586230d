"""Fakes that several tests share: jobs, results, modules made of functions, and connections that answer from a list."""

from __future__ import annotations

import types
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import msgspec

from grader.course.mutants import Mistake
from grader.protocol.frames import FrameKind
from grader.protocol.jobs import Job, JudgeMode, LearnerSource, Limits
from grader.protocol.messages import AnyReply, AnyRequest, Message, pack_message, read_request
from grader.protocol.results import Failure, TestResult, Verdict
from grader.tester.connection import Callback
from grader.tester.contract import Contract
from grader.tester.local_connection import LocalConnection
from grader.tester.peer import Peer
from grader.tester.trace import Trace

JOB = Job(
    exercise="ch1_mini/scale",
    suite="/kit/tests/test_scale.py",
    data="/kit/data",
    learner=LearnerSource("/tree/ch1_mini/scale.py", "/tree", "exercises/ch1_mini/scale.py"),
    reference=None,
    mutants=(),
    seed=7,
    points=10.0,
    limits=Limits(),
    mode=JudgeMode(),
)


def job(**changes: Any) -> Job:
    return msgspec.structs.replace(JOB, **changes)


def mistake(name: str) -> Mistake:
    return Mistake(name, f"says {name}")


def result(name: str, verdict: Verdict = Verdict.PASSED, **fields: Any) -> TestResult:
    if verdict is not Verdict.PASSED:
        fields.setdefault("failure", Failure("The values are wrong."))
    return TestResult(name, name.replace("_", " "), verdict, **fields)


def module_of(**names: Any) -> types.ModuleType:
    """A learner's module that holds these names."""
    module = types.ModuleType("learners")
    vars(module).update(names)
    return module


class FakeConnection:
    """Answers each request with the next reply of a list, or raises it. Remembers the requests."""

    def __init__(self, *replies: AnyReply | bytes | BaseException) -> None:
        self.replies = list(replies)
        self.asked: list[AnyRequest] = []

    def exchange(self, frame: bytes, callback: Callback) -> bytes:
        self.asked.append(read_request(frame, lambda tag, rest: (tag, *rest)))
        reply = self.replies.pop(0)
        if isinstance(reply, BaseException):
            raise reply
        return reply if isinstance(reply, bytes) else packed(reply)

    def memory(self, size: int) -> AbstractContextManager[None]:
        return nullcontext()


def packed(reply: Message, kind: FrameKind = FrameKind.REPLY) -> bytes:
    """A message's frame. Lists that begin with "node" stand for what only the other side can make."""
    return pack_message(kind, reply, lambda value: list(value.node) if isinstance(value, Node) else None)


class Node:
    """A raw node on the wire, such as a handle: `Node("handle", 3, "module", "Layer")`."""

    def __init__(self, *node: Any) -> None:
        self.node = node


def handle(number: int, kind: str = "callable", type_name: str = "function") -> Node:
    return Node("handle", number, kind, type_name)


def peer_at(connection: Any, contract: Contract | None = None, **options: Any) -> Peer:
    """A peer that speaks to this connection."""
    peer = Peer("your code", contract or Contract(), Trace(None), **options)
    peer.attach(connection)
    return peer


def local_peer(contract: Contract | None = None, **names: Callable[..., Any] | Any) -> tuple[Peer, LocalConnection]:
    """A peer whose other side is a module in this process, with these names."""
    connection = LocalConnection(module_of(**names), "/nowhere")
    return peer_at(connection, contract), connection
