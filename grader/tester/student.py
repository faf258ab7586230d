"""`student` and `reference` as a suite sees them: names to call, handles to objects, gradients through both."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NoReturn, Protocol

import numpy as np

from grader.protocol import values as wire
from grader.protocol.describe import describe, describe_result
from grader.protocol.results import Call, Failure, Frame
from grader.tester.contract import Contract, complaint_text
from grader.tester.failures import StudentRaised, SuiteFailure, WorkerLost, raised_failure

# Of what the other side says about an exception; an honest worker says less.
TYPES_KEPT, FRAMES_KEPT, MESSAGE_KEPT = 40, 8, 4000


class Connection(Protocol):
    """Carries one request frame to where the code is and brings the reply frame back."""

    def exchange(self, frame: bytes, callback: Any) -> bytes: ...


@dataclass
class Entry:
    """One exchange as the transcript keeps it: what was asked, and what came of it."""

    name: str
    call: Call
    value: Any = None
    raised: tuple[str, ...] = ()
    path: str = ""
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = field(default_factory=dict)


@dataclass
class Counts:
    """Counted work of the calls inside `with student.counting() as counts`.

    `flops` has two operations per multiply-add, `largest` is the element count of the largest tensor made,
    `saved_bytes` is what autograd keeps for the backward pass.
    """

    flops: int = 0
    largest: int = 0
    saved_bytes: int = 0


class Session:
    """The tester's end of the conversation with one tree of code."""

    def __init__(self, who: str, contract: Contract, keep_names: bool = False) -> None:
        self.who = who
        self.keep_names = keep_names  # from test to test; a recording has each test ask for its own
        self.names: dict[tuple[int, str], Handle] = {}
        self.contract = contract
        self.start_file(contract, "")
        self.link: Connection | None = None
        self.transcript: list[Entry] = []
        self.released: list[int] = []
        self.generation = 0
        self.attachments = 0
        self.counts: Counts | None = None
        self.callbacks: list[Any] = []
        self.anchor: Any = None

    def start_file(self, written: Contract, file: str) -> None:
        """Speak of this file from now on: where its names stand, and what it is called."""
        self.learner = written
        self.file = file
        self.names.clear()

    # -- exchange -------------------------------------------------------------------------------------

    def attach(self, link: Connection | None) -> None:
        """Speak to another process or module from now on: handles from before are stale."""
        self.link = link
        self.attachments += 1
        self.generation = self.attachments
        self.released.clear()

    def begin(self, seed: int) -> None:
        """A new test: an empty transcript and known random state on the other side."""
        self.transcript = []
        self.callbacks = []
        if not self.keep_names:
            self.names.clear()
        self.ask("begin", {"seed": seed})

    def ask(self, op: str, message: dict[str, Any], inputs: list[Any] | None = None) -> dict[str, Any]:
        if self.link is None:
            raise WorkerLost(Failure(f"the process that runs {self.who}'s code is gone"))
        released, self.released = self.released, []
        request = {"op": op, "release": released, **message}
        frame = wire.encode(request, lambda value: self.reduce(value, inputs))
        reply = self.read(self.link.exchange(frame, self.called_back))
        if not isinstance(reply, dict):
            raise WorkerLost(Failure("the answer was not understood"))
        return reply

    def read(self, frame: bytes) -> Any:
        try:
            return wire.decode_frame(frame, self.restore)
        except wire.WireError as error:
            raise WorkerLost(Failure(f"the answer was not understood: {error}")) from None

    def reduce(self, value: Any, inputs: list[Any] | None) -> list[Any] | None:
        if isinstance(value, Proxy):
            return value._node(self)
        torch = wire.loaded_torch()
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
        raise wire.WireError(f"unknown tag {tag[:40]!r}")

    def called_back(self, number: int, args: list[Any], kwargs: dict[str, Any]) -> Any:
        if type(number) is not int or not 0 <= number < len(self.callbacks):
            raise WorkerLost(Failure("a function was called that was never passed"))
        return self.callbacks[number](*args, **kwargs)

    # -- names and calls ------------------------------------------------------------------------------

    def lookup(self, owner: Handle | None, name: str, prefix: str) -> Any:
        if owner is None and (self.generation, name) in self.names:
            return self.names[self.generation, name]
        reply = self.ask("lookup", {"target": owner, "name": name})
        path = f"{prefix}.{name}" if prefix else name
        if "raised" in reply:
            self.fail_raised(Call(path), path, reply["raised"])
        if "missing" in reply:
            self.fail_missing(owner, name)
        value = reply.get("value")
        if isinstance(value, Handle):
            value._path = path
            if owner is None:
                self.names[self.generation, name] = value
            return value
        self.transcript.append(Entry(path, Call(path, returned=describe(value)), value))
        return value

    def fail_missing(self, owner: Handle | None, name: str) -> NoReturn:
        if owner is None:
            text = f"`{name}` is not defined in {self.file}. The stub defines it: was it renamed or removed?"
        else:
            text = f"`{owner._type_name}` has no attribute `{name}`."
        self.transcript.append(Entry(name, Call(name), raised=("AttributeError",)))
        raise SuiteFailure(Failure(text, call=Call(name), location=self.place(owner._path if owner else "")))

    def call(self, target: Handle, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        torch = wire.loaded_torch()
        path = target._path + (".forward" if target._kind == "module" else "")
        call = self.describe_call(path, args, kwargs)
        inputs: list[Any] = []
        message = {
            "target": target,
            "args": list(args),
            "kwargs": kwargs,
            "grad": torch is not None and torch.is_grad_enabled(),
            "count": self.counts is not None,
        }
        self.transcript.append(Entry(path, call, raised=("no answer",), path=path, args=args, kwargs=kwargs))
        reply = self.ask("call", message, inputs)
        if "raised" in reply:
            self.fail_raised(call, path, reply["raised"])
        value = self.checked_kind(path, call, reply.get("value"))
        self.apply_changes(call, path, args, kwargs, reply.get("changed"))
        self.add_counts(reply.get("counts"))
        value = self.join_graph(value, inputs, reply.get("graph"))
        if isinstance(value, Handle) and not value._path:
            value._path = value._type_name
        self.transcript[-1] = Entry(path, _with_result(call, value), value, (), path, args, kwargs)
        return value

    def checked_kind(self, path: str, call: Call, value: Any) -> Any:
        expected = self.contract.complaint(path, value)
        if expected is None:
            return value
        call = _with_result(call, value)
        self.transcript[-1] = Entry(call.name, call, value)
        raise SuiteFailure(
            Failure(
                f"`{call.name}`: {complaint_text(expected, value)}.",
                call=call,
                expected=expected,
                actual=describe_result(value),
                location=self.place(path),
                advice="Is there a `return` on every path?" if value is None else "",
            )
        )

    def describe_call(self, path: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Call:
        known = self.contract.parameters
        names = known.get(path) or known.get(path + ".__init__") or ()
        labels = [names[i] if i < len(names) else f"argument {i + 1}" for i in range(len(args))]
        pairs = [*zip(labels, args, strict=True), *kwargs.items()]
        return Call(path, tuple((label, describe(value)) for label, value in pairs))

    def place(self, path: str) -> str:
        """`exercises/ch2_embeddings/one_hot.py:14`, the line at which a name is defined."""
        lines = self.learner.lines
        for name in (path, path.split(".")[0]):
            if name in lines:
                return f"{self.file}:{lines[name]}"
        return ""

    def fail_raised(self, call: Call, path: str, raised: Any) -> NoReturn:
        try:
            types = tuple(str(name)[:80] for name in raised["types"][:TYPES_KEPT])
            text = str(raised["message"])[:MESSAGE_KEPT]
            frames = tuple(_frame(item) for item in raised["frames"][:FRAMES_KEPT])
        except (TypeError, KeyError, ValueError, IndexError):
            raise WorkerLost(Failure("the description of an exception was not understood", call)) from None
        failure = raised_failure(call, types, text, frames)
        entry = Entry(path, call, raised=types)
        if self.transcript and self.transcript[-1].raised == ("no answer",):
            self.transcript[-1] = entry
        else:
            self.transcript.append(entry)
        raise StudentRaised(failure, types, text)

    def apply_changes(self, call: Call, path: str, args: tuple[Any, ...], kwargs: dict[str, Any], changed: Any) -> None:
        """Generators advance; other arguments change only where the name ends in an underscore."""
        named: dict[Any, Any] = {**dict(enumerate(args)), **kwargs}
        for key, new in (changed or {}).items():
            old = named.get(key)
            if _advance(old, new):
                continue
            label = call.arguments[key][0] if type(key) is int and key < len(args) else str(key)
            if not path.endswith("_"):
                raise SuiteFailure(
                    Failure(
                        f"`{call.name}` changed its argument `{label}`, which belongs to the caller.",
                        call=call,
                        expected="the argument as it was",
                        actual=describe(new),
                        location=self.place(path),
                        advice="Make a new value instead of writing into the one that was passed in"
                        " (`+=`, `x[...] =`, `.append` and methods ending in `_` write in place).",
                    )
                )
            _write_back(old, new)

    def add_counts(self, counts: Any) -> None:
        if self.counts is None or not isinstance(counts, dict):
            return
        self.counts.flops += int(counts["flops"])
        self.counts.largest = max(self.counts.largest, int(counts["largest"]))
        self.counts.saved_bytes += int(counts["saved_bytes"])

    # -- gradients ------------------------------------------------------------------------------------

    def join_graph(self, value: Any, inputs: list[Any], graph: Any) -> Any:
        """Make the tester's autograd pass through the call, if anything in the result asks for it."""
        torch = wire.loaded_torch()
        outputs = [item for item in _leaves(value) if torch is not None and _needs_grad(item, torch)]
        if not outputs or type(graph) is not int:
            return value
        remote = GraphRef(self, graph)
        if self.anchor is None:
            self.anchor = torch.zeros((), requires_grad=True)
        joined = _remote_function(torch).apply(remote, len(outputs), self.anchor, *outputs, *inputs)
        replaced = {id(old): new for old, new in zip(outputs, joined, strict=True)}
        return _replace(value, replaced)

    def backward(self, graph: int, grads: list[Any]) -> list[Any]:
        reply = self.ask("backward", {"graph": graph, "grads": grads})
        if "raised" in reply:
            self.fail_raised(Call("backward"), "backward", reply["raised"])
        found = reply.get("value")
        if type(found) is not list:
            raise WorkerLost(Failure("the gradients were not understood"))
        self.transcript.append(Entry("backward", Call("backward"), found))
        return found


class GraphRef:
    """Keeps an earlier call's graph alive on the other side for as long as someone may differentiate it."""

    def __init__(self, session: Session, number: int) -> None:
        self.session = session
        self.number = number
        self.generation = session.generation
        weakref.finalize(self, _release, session, number, session.generation)


def _release(session: Session, number: int, generation: int) -> None:
    if session.generation == generation:
        session.released.append(number)


def _remote_function(torch: Any) -> Any:
    class Remote(torch.autograd.Function):  # type: ignore[misc]
        """Stands for a call made elsewhere: its backward pass is one more request."""

        @staticmethod
        def forward(ctx: Any, remote: GraphRef, count: int, anchor: Any, *tensors: Any) -> Any:
            ctx.remote, ctx.count = remote, count
            ctx.inputs = len(tensors) - count
            ctx.set_materialize_grads(False)
            return tuple(item.detach() for item in tensors[:count])

        @staticmethod
        def backward(ctx: Any, *grads: Any) -> Any:
            found = ctx.remote.session.backward(ctx.remote.number, list(grads))
            found = (found + [None] * ctx.inputs)[: ctx.inputs]
            return (None, None, None, *([None] * ctx.count), *found)

    return Remote


class Proxy:
    """Base of what stands for the learner's side in a suite."""

    def _node(self, session: Session) -> list[Any]:
        raise TypeError("`student` itself is no argument")


class Student(Proxy):
    """The learner's module: `student.softmax(x, dim=1)`, `student.Embedding(7, 3)`, `student.Q1`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self._session.lookup(None, name, "")

    @contextmanager
    def counting(self) -> Iterator[Counts]:
        """Count the operations and tensors of the calls made inside."""
        counts = self._session.counts = Counts()
        try:
            yield counts
        finally:
            self._session.counts = None


class Handle(Proxy):
    """An object that stays on the other side. It can be called, asked and passed; it is not a value."""

    def __init__(self, session: Session, number: int, kind: str, type_name: str) -> None:
        self._session = session
        self._number = number
        self._kind = kind
        self._type_name = type_name
        self._path = "" if kind == "callable" else type_name
        self._generation = session.generation
        weakref.finalize(self, _release, session, number, session.generation)

    @property
    def kit_description(self) -> str:
        return self._path if self._kind == "callable" else f"a {self._type_name}"

    def __repr__(self) -> str:
        return f"<{self.kit_description}>"

    def _node(self, session: Session) -> list[Any]:
        if session is not self._session or self._generation != session.generation:
            raise TypeError(f"{self!r} belongs to another process")
        return ["handle", self._number]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self._session.lookup(self, name, self._path)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._session.call(self, args, kwargs)

    def __getitem__(self, index: Any) -> Any:
        return self._ask("item", index=index)

    def __len__(self) -> int:
        return int(self._ask("length"))

    def parameters(self) -> list[Any]:
        """References to the module's parameters, each once; pass them on, or ask for `.grad`."""
        return list(self._ask("parameters"))

    def named_parameters(self) -> dict[str, Any]:
        """The parameters' values by name; a shared one is named once."""
        return dict(self._ask("named_parameters"))

    def gradients(self) -> dict[str, Any]:
        """The gradient of each named parameter, None where it has none."""
        return dict(self._ask("gradients"))

    def _ask(self, op: str, **message: Any) -> Any:
        reply = self._session.ask(op, {"target": self, **message})
        if "raised" in reply:
            self._session.fail_raised(Call(f"{self._path}.{op}"), self._path, reply["raised"])
        value = reply.get("value")
        self._session.transcript.append(Entry(op, Call(f"{self._path}.{op}"), value))
        return value

    def _refuse(self, *_: Any) -> NoReturn:
        raise SuiteFailure(
            Failure(
                f"{self.kit_description} came where a plain value was wanted.",
                call=self._session.transcript[-1].call if self._session.transcript else None,
                actual=self.kit_description,
            )
        )

    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = _refuse
    __bool__ = __iter__ = __array__ = __float__ = __int__ = __index__ = _refuse
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __matmul__ = _refuse
    __hash__ = object.__hash__

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> NoReturn:
        for item in args:
            if isinstance(item, Handle):
                item._refuse()
        raise SuiteFailure(Failure("an object came where a tensor was wanted"))


def _with_result(call: Call, value: Any) -> Call:
    return Call(call.name, call.arguments, describe_result(value))


def _frame(item: Any) -> Frame:
    file, line, function, text, values = item
    pairs = tuple((str(name)[:60], str(value)[:120]) for name, value in values)
    return Frame(str(file)[:300], int(line), str(function)[:80], str(text)[:200], pairs)


def _leaves(value: Any) -> Iterator[Any]:
    if type(value) in (list, tuple, set, frozenset):
        for item in value:
            yield from _leaves(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from _leaves(item)
    else:
        yield value


def _needs_grad(item: Any, torch: Any) -> bool:
    return isinstance(item, torch.Tensor) and item.requires_grad


def _replace(value: Any, replaced: dict[int, Any]) -> Any:
    if type(value) in (list, tuple):
        return type(value)(_replace(item, replaced) for item in value)
    if type(value) is dict:
        return {key: _replace(item, replaced) for key, item in value.items()}
    return replaced.get(id(value), value)


def _advance(old: Any, new: Any) -> bool:
    """Give a generator the state that its copy on the other side has reached."""
    torch = wire.loaded_torch()
    if isinstance(old, np.random.Generator) and isinstance(new, np.random.Generator):
        old.bit_generator.state = new.bit_generator.state
        return True
    if torch is not None and isinstance(old, torch.Generator) and isinstance(new, torch.Generator):
        old.set_state(new.get_state())
        return True
    return False


def _write_back(old: Any, new: Any) -> None:
    """Make a change of an argument, reported from the other side, here as well."""
    torch = wire.loaded_torch()
    if torch is not None and isinstance(old, torch.Tensor) and isinstance(new, torch.Tensor):
        with torch.no_grad():
            old.resize_(new.shape).copy_(new) if old.shape != new.shape else old.copy_(new)
    elif isinstance(old, np.ndarray):
        old[...] = new
    elif type(old) is list:
        old[:] = new
    elif isinstance(old, dict):
        old.clear()
        old.update(new)
