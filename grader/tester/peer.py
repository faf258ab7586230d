"""The other side of a suite's conversation: the learner's code, or the reference.

A peer has a connection to where the code is, a transcript of what crossed, and an index of its source.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NoReturn

import msgspec

from grader.protocol import messages
from grader.protocol.describe import describe, describe_result
from grader.protocol.frames import FrameKind
from grader.protocol.gradients import join_graph
from grader.protocol.messages import (
    AnyReply,
    Backward,
    Begin,
    Missing,
    Raised,
    Request,
    Returned,
    WorkCounts,
    pack_message,
    read_reply,
)
from grader.protocol.results import Call, Failure, Frame, Place
from grader.protocol.wire import OnePass, WireError, loaded_torch
from grader.tester.changes import advance, write_back
from grader.tester.connection import Connection
from grader.tester.contract import Contract, complaint_text
from grader.tester.failures import SuiteFailure, WorkerLost
from grader.tester.proxies import Handle, Proxy
from grader.tester.raised import sign_of, student_raised
from grader.tester.source_index import SourceIndex
from grader.tester.source_tree import SourceTree
from grader.tester.trace import Trace
from grader.tester.transcript import NO_ANSWER, Entry, Transcript
from grader.tester.watch import Enough, Watch

# Of what the other side says about an exception; an honest worker says less.
MAX_TYPES, MAX_FRAMES, MAX_MESSAGE, MAX_PATH = 40, 8, 4000, 4096

EARLIER_PART = re.compile(r"ch\d+_\w+\.")


class NotInTheStub(Exception):
    """A suite's own fault: it asks the learner's file for what its stub does not define."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"the suite asks the learner's file for `{name}`, which its stub does not define;"
            " what a library or an earlier part defines comes from `student.imported(...)`"
        )


@dataclass
class Counts:
    """Counted work of the calls inside `with student.counting() as counts`.

    `flops` has two operations per multiply-add, `largest` is the element count of the largest tensor made,
    `saved_bytes` is what autograd keeps for the backward pass.
    """

    flops: int = 0
    largest: int = 0
    saved_bytes: int = 0

    def add(self, counts: WorkCounts) -> None:
        """The work of one more call."""
        self.flops += counts.flops
        self.largest = max(self.largest, counts.largest)
        self.saved_bytes += counts.saved_bytes


class Peer:
    """The tester's end of the conversation with one tree of code."""

    def __init__(self, who: str, contract: Contract, trace: Trace, keep_names: bool = False) -> None:
        self.who = who
        self.contract = contract
        self.trace = trace
        self.keep_names = keep_names  # from test to test; a recording has each test ask for its own
        self.names: dict[tuple[int, str], Handle] = {}
        self.index = SourceIndex("", "")
        self.why_missing: Callable[[str], Failure | None] | None = None  # where more is known than that it is
        self.source = SourceTree()
        self.connection: Connection | None = None
        self.transcript = Transcript()
        self.released: list[int] = []
        self.generation = 0
        self.attachments = 0
        self.counts: Counts | None = None
        self.callbacks: list[Any] = []
        self.put_in_place: list[Any] = []
        self.watch: Watch | None = None

    def start_file(self, index: SourceIndex, source: SourceTree | None = None) -> None:
        """Speak of this file from now on: where its names stand, what it is called, what stands beside it."""
        self.index = index
        self.source = source or SourceTree()
        self.names.clear()

    def put_in(self, module: str, name: str, function: Callable[..., Any], gradients: Callable[..., Any]) -> None:
        """Have the other side call this function where it would call its own, until `let_go`."""
        self.callbacks = []
        request = messages.PutIn(module=module, name=name, function=function, gradients=gradients)
        self.returned(self.ask(request), Call(name), name)
        self.put_in_place = list(self.callbacks)

    def let_go(self) -> None:
        """Keep no function for the other side any longer than a test."""
        self.put_in_place = self.callbacks = []

    # -- exchange -------------------------------------------------------------------------------------

    def attach(self, connection: Connection | None) -> None:
        """Speak to another process or module from now on: handles from before are stale."""
        self.connection = connection
        self.attachments += 1
        self.generation = self.attachments
        self.released.clear()

    @contextlib.contextmanager
    def replaced(self, connection: Connection) -> Iterator[None]:
        """Other code in this one's place; afterwards handles to this one's objects are good again."""
        before, generation, why_missing = self.connection, self.generation, self.why_missing
        self.attach(connection)
        self.why_missing = None
        try:
            yield
        finally:
            self.attach(before)
            self.generation, self.why_missing = generation, why_missing

    def begin(self, seed: int) -> None:
        """A new test: an empty transcript and known random state on the other side."""
        self.transcript = Transcript()
        self.callbacks = list(self.put_in_place)
        if not self.keep_names:
            self.names.clear()
        self.ask(Begin(seed=seed))

    def ask(self, request: Request, inputs: list[Any] | None = None) -> AnyReply:
        """One request and its reply. `inputs` gathers the arguments that collect gradients."""
        if self.connection is None:
            raise WorkerLost(Failure(f"The process that runs {self.who} is gone."))
        released, self.released = self.released, []
        request = msgspec.structs.replace(request, release=tuple(released))
        frame = pack_message(FrameKind.REQUEST, request, lambda value: self.reduce(value, inputs))
        answer = self.connection.exchange(frame, self.called_back)
        try:
            reply = read_reply(answer, self.restore)
        except WireError as error:
            raise WorkerLost(Failure(f"the answer was not understood: {error}")) from None
        self.trace.write(self.who, request, reply)
        return reply

    def returned(self, reply: AnyReply, call: Call, path: str) -> Returned:
        """What came back; an exception is raised here."""
        if isinstance(reply, Raised):
            self.fail_raised(call, path, reply)
        if not isinstance(reply, Returned):
            raise WorkerLost(Failure("the answer was not understood"))
        return reply

    def reduce(self, value: Any, inputs: list[Any] | None) -> list[Any] | None:
        """The node of what the wire has no form for: handles, and functions of the suite."""
        if isinstance(value, Proxy):
            return value._node(self)
        torch = loaded_torch()
        if torch is not None and isinstance(value, torch.Tensor):
            if inputs is not None and value.requires_grad:
                inputs.append(value)
            return None
        if callable(value) and not isinstance(value, type):
            if torch is not None and value is torch.nn.functional.relu:
                return ["function", "relu"]
            if torch is not None and value is torch.tanh:
                return ["function", "tanh"]
            self.callbacks.append(value)
            return ["callback", len(self.callbacks) - 1]
        return None

    def restore(self, tag: str, rest: list[Any]) -> Any:
        if tag == "handle" and len(rest) == 3 and type(rest[0]) is int:
            return Handle(self, rest[0], str(rest[1])[:20], str(rest[2])[:60])
        raise WireError(f"unknown tag {tag[:40]!r}")

    def called_back(self, number: int, args: list[Any], kwargs: dict[str, Any]) -> Any:
        if type(number) is not int or not 0 <= number < len(self.callbacks):
            raise WorkerLost(Failure("a function was called that was never passed"))
        return self.callbacks[number](*args, **kwargs)

    # -- names and calls ------------------------------------------------------------------------------

    def lookup(self, owner: Handle | None, name: str, prefix: str) -> Any:
        """An attribute of the module, or of a handle's object."""
        if owner is None and (self.generation, name) in self.names:
            return self.names[self.generation, name]
        if owner is None and not self.contract.defines(name):
            raise NotInTheStub(name)
        path = f"{prefix}.{name}" if prefix else name
        reply = self.ask(messages.Lookup(target=owner, name=name))
        if isinstance(reply, Missing):
            self.fail_missing(owner, name)
        value = self.returned(reply, Call(path), path).value
        if isinstance(value, Handle):
            value._path = path
            value._writes_in_place = name.endswith("_")
            if owner is None:
                self.names[self.generation, name] = value
            return value
        self.transcript.add(Entry(path, Call(path, returned=describe(value)), value))
        return value

    def imported(self, name: str) -> Handle:
        """A module of the other side. What it holds goes by its own name: `GPT`, `nn.Linear`."""
        key = (self.generation, f"import {name}")
        if key in self.names:
            return self.names[key]
        handle = self.returned(self.ask(messages.Import(name=name)), Call(f"import {name}"), "").value
        if not isinstance(handle, Handle):
            raise WorkerLost(Failure("the answer was not understood"))
        handle._type_name = name
        handle._path = "" if EARLIER_PART.match(name) else name.removeprefix("torch.")
        self.names[key] = handle
        return handle

    def fail_missing(self, owner: Handle | None, name: str) -> NoReturn:
        self.transcript.add(Entry(name, Call(name), raised=("AttributeError",)))
        if owner is None:
            found = (self.why_missing(name) if self.why_missing is not None else None) or self.index.missing(name)
        else:
            text = f"`{owner._type_name}` has no attribute `{name}`."
            found = Failure(text, place=self.index.place(owner._path))
        raise SuiteFailure(msgspec.structs.replace(found, call=Call(name)))

    def query(self, what: str, owner: Handle, request: Request) -> Any:
        """Something about an object, such as its length or its parameters."""
        call = Call(f"{owner._path}.{what}")
        value = self.returned(self.ask(request), call, owner._path).value
        self.transcript.add(Entry(what, call, value))
        return value

    def call(self, target: Handle, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Call the object, and look at the kind of what it returns and at what it did to its arguments."""
        torch = loaded_torch()
        args, kwargs = tuple(_sendable(value) for value in args), {key: _sendable(v) for key, v in kwargs.items()}
        path = target._path + (".forward" if target._kind == "module" else "")
        call = self.describe_call(path, args, kwargs)
        watch = self.watch_on(len(self.transcript.entries))
        inputs: list[Any] = []
        request = messages.Call(
            target=target,
            args=list(args),
            kwargs=kwargs,
            grad=torch is not None and torch.is_grad_enabled(),
            count=self.counts is not None,
            trace=watch is not None and watch.lines,
        )
        if self.watch is not None:
            labels = (label for label, _ in call.arguments)
            self.watch.note(
                len(self.transcript.entries), target._number, dict(zip(labels, [*args, *kwargs.values()], strict=True))
            )
        self.transcript.add(Entry(path, call, raised=NO_ANSWER, path=path, args=args, kwargs=kwargs))
        with watch.looking() if watch is not None else contextlib.nullcontext():
            reply = self.ask(request, inputs)
        found = self.returned(reply, call, path)
        if watch is not None:
            watch.seen(Entry(path, call, found.value, path=path, args=args, kwargs=kwargs), target)
            if watch.number is not None:
                raise Enough
        value = self.checked_kind(path, call, found.value)
        self.apply_changes(call, target, args, kwargs, found.changed)
        if self.counts is not None and found.counts is not None:
            self.counts.add(found.counts)
        value = join_graph(self, value, inputs, found.graph)
        if isinstance(value, Handle) and not value._path:
            value._path = value._type_name
        self.transcript.settle(Entry(path, _with_result(call, value), value, path=path, args=args, kwargs=kwargs))
        return value

    def watch_on(self, number: int) -> Watch | None:
        """Who looks at the exchange of this number."""
        return self.watch if self.watch is not None and self.watch.number in (None, number) else None

    @contextlib.contextmanager
    def counting(self) -> Iterator[Counts]:
        """Count the work of the calls made inside."""
        counts = self.counts = Counts()
        try:
            yield counts
        finally:
            self.counts = None

    @contextlib.contextmanager
    def memory(self, size: int) -> Iterator[None]:
        """Bound the memory of the calls made inside."""
        if self.connection is None:
            yield
            return
        with self.connection.memory(size):
            yield

    def checked_kind(self, path: str, call: Call, value: Any) -> Any:
        expected = self.contract.complaint(path, value)
        if expected is None:
            return value
        call = _with_result(call, value)
        self.transcript.settle(Entry(call.name, call, value))
        raise SuiteFailure(
            Failure(
                f"`{call.name}`: {complaint_text(expected, value)}.",
                call=call,
                expected=expected,
                actual=describe_result(value),
                place=self.index.place(path),
                advice="Is there a `return` on every path?" if value is None else "",
            )
        )

    def describe_call(self, path: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Call:
        names = self.contract.parameters_of(path)
        labels = [names[i] if i < len(names) else f"argument {i + 1}" for i in range(len(args))]
        pairs = [*zip(labels, args, strict=True), *kwargs.items()]
        return Call(path, tuple((label, describe(value)) for label, value in pairs))

    def fail_raised(self, call: Call, path: str, raised: Raised) -> NoReturn:
        types = tuple(name[:80] for name in raised.types[:MAX_TYPES]) or ("exception",)
        text = raised.message[:MAX_MESSAGE]
        frames = tuple(_frame(item) for item in raised.frames[:MAX_FRAMES])
        self.transcript.settle(Entry(path, call, raised=types, sign=sign_of(text, frames)))
        raise student_raised(self.source, call, types, text, frames)

    def apply_changes(
        self, call: Call, target: Handle, args: tuple[Any, ...], kwargs: dict[str, Any], changed: Any
    ) -> None:
        """Generators advance; other arguments change only where the suite asked for a name that ends in an underscore.

        What the other side calls its object does not count: it would choose the question to which its answer fits.
        """
        if type(changed) is not dict:
            raise WorkerLost(Failure("the answer was not understood"))
        named: dict[Any, Any] = {**dict(enumerate(args)), **kwargs}
        for key, new in changed.items():
            if type(key) not in (int, str) or key not in named:
                raise WorkerLost(Failure("the answer tells of an argument that was not passed"))
            old = named[key]
            if advance(old, new):
                continue
            label = call.arguments[key][0] if type(key) is int else key
            if not target._writes_in_place:
                raise SuiteFailure(
                    Failure(
                        f"`{call.name}` changed its argument `{label}`, which belongs to the caller.",
                        call=call,
                        expected="the argument as it was",
                        actual=describe(new),
                        place=self.index.place(call.name),
                        advice="Make a new value instead of writing into the one that was passed in"
                        " (`+=`, `x[...] =`, `.append` and methods ending in `_` write in place).",
                    )
                )
            write_back(old, new)

    def backward(self, graph: int, grads: list[Any]) -> list[Any]:
        """The gradients of an earlier call's arguments, from those of its results."""
        call = Call("backward")
        found = self.returned(self.ask(Backward(graph=graph, grads=grads)), call, "backward").value
        if type(found) is not list:
            raise WorkerLost(Failure("the gradients were not understood"))
        self.transcript.add(Entry("backward", call, found))
        return found


def _with_result(call: Call, value: Any) -> Call:
    return Call(call.name, call.arguments, describe_result(value))


def _sendable(value: Any) -> Any:
    """An iterator goes as one: it can be gone through once, there as here."""
    is_iterator = isinstance(value, Iterator) and not isinstance(value, Proxy)
    return OnePass(value) if is_iterator else value


def _frame(item: messages.RaisedFrame) -> Frame:
    pairs = tuple((name[:60], value[:120]) for name, value in item.locals)
    return Frame(Place(item.file[:MAX_PATH], item.line), item.function[:80], item.text[:200], pairs)
