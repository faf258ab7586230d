"""What a worker does with a request: import, call, look up, differentiate, describe an exception.

The same code serves the worker behind its socket and, inside the tester, the mutants of the reference
and `--debug`. What it answers is a claim; the tester decides.
"""

from __future__ import annotations

import contextlib
import importlib
import linecache
import pathlib
import random
import sys
import traceback
from collections.abc import Callable, Iterator
from types import FrameType, ModuleType
from typing import Any

import numpy as np

from grader.protocol import values
from grader.protocol.describe import describe
from grader.protocol.frames import FrameKind
from grader.protocol.gradients import tensors_with_grad
from grader.protocol.messages import (
    AnyReply,
    AnyRequest,
    Backward,
    Begin,
    Call,
    GetChangedState,
    GetGradients,
    GetItem,
    GetLength,
    GetLines,
    GetNamedParameters,
    GetParameters,
    Import,
    Load,
    Loaded,
    Lookup,
    Missing,
    PutIn,
    Raised,
    RaisedFrame,
    Returned,
    SetUp,
    pack_message,
    read_request,
)
from grader.protocol.wire import Unsendable, WireError, loaded_torch
from grader.worker import loading
from grader.worker.cell_loader import CellRun
from grader.worker.counting import OpCounter
from grader.worker.exception_text import message_of
from grader.worker.line_trace import LineTrace
from grader.worker.stand_in import StandIn

Callback = Callable[[int, list[Any], dict[str, Any]], Any]
FRAMES_SHOWN = 6
LOCALS_SHOWN = 12
MESSAGE_SHOWN = 2000
CARRIED_BY_THE_WIRE = (np.ndarray, np.generic, np.random.Generator, complex, slice, pathlib.PurePath, Unsendable)


def _described(words: str) -> bytes:
    """The reply with a value that cannot be sent."""
    return pack_message(FrameKind.REPLY, Returned(value=Unsendable(words), changed={}))


class RequestHandler:
    """One exercise under test, and the objects of it that the tester holds handles to."""

    def __init__(self, callback: Callback, module: Any = None, root: str = "", file: str = "") -> None:
        self.callback = callback
        self.module = module
        self.root = root
        self.file = file
        self.objects: dict[int, Any] = {}
        self.graphs: dict[int, tuple[list[Any], list[Any]]] = {}
        self.counter = 0
        self.lines: list[list[Any]] = []

    # -- frames ---------------------------------------------------------------------------------------

    def read(self, frame: bytes) -> AnyRequest:
        """The request of a frame, its handles turned into the objects that they stand for."""
        return read_request(frame, self.restore)

    def answer(self, request: AnyRequest) -> bytes:
        """The reply frame to a request; whatever the learner's code raises is a reply too."""
        for number in request.release:
            self.release(number)
        inputs: list[Any] = []
        outputs: list[Any] = []
        reply: AnyReply
        try:
            reply = self.respond(request, inputs)
        except BaseException as error:  # a learner's SystemExit or KeyboardInterrupt is data here
            reply = self.describe_exception(error)
        try:
            frame = pack_message(FrameKind.REPLY, reply, lambda item: self.reduce(item, outputs, self.handle))
        except WireError:  # all in all; an array that is too large by itself is described in its place
            return _described("a value that is too large to send")
        except BaseException:  # what the learner's own `__class__` or `__getattribute__` raises, say
            return _described("an object that raises when its type is asked for")
        if outputs and isinstance(reply, Returned) and reply.graph is not None:
            self.graphs[reply.graph] = (outputs, inputs)
        return frame

    def encode(self, value: Any) -> bytes:
        """A value as a payload, objects as handles."""
        return values.encode(value, self.by_handle)

    def by_handle(self, value: Any) -> list[Any] | None:
        """The node of a value outside of a call: objects as handles."""
        return self.reduce(value, None, self.handle)

    def snapshot(self, value: Any) -> bytes:
        """The value as it is now, to be compared with later: no handle to it leaves this process."""
        return values.encode(value, lambda item: self.reduce(item, None, lambda other: ["object", id(other)]))

    def reduce(self, value: Any, outputs: list[Any] | None, other: Callable[[Any], list[Any]]) -> list[Any] | None:
        """The node of a value that the wire has no form for; `other` makes that of an object that stays here."""
        if type(value) is _Reference:
            return value.node
        torch = loaded_torch()
        if torch is not None:
            if isinstance(value, torch.Tensor):
                if outputs is not None and value.requires_grad:
                    outputs.append(value)
                return None
            if isinstance(value, torch.Generator | torch.dtype | torch.device | torch.Size):
                return None
        if value is Ellipsis or isinstance(value, CARRIED_BY_THE_WIRE):
            return None
        return other(value)

    def handle(self, value: Any) -> list[Any]:
        """Its number, its kind and the name of its type.

        Each handle has a number of its own: one that is given back leaves others to the same object alone.
        """
        self.counter += 1
        self.objects[self.counter] = value
        return ["handle", self.counter, self.kind_of(value), type(value).__name__]

    @staticmethod
    def kind_of(value: Any) -> str:
        torch = loaded_torch()
        if torch is not None and isinstance(value, torch.nn.Module):
            return "module"
        if torch is not None and isinstance(value, torch.Tensor):
            return "parameter"
        return "callable" if callable(value) else "object"

    def restore(self, tag: str, rest: list[Any]) -> Any:
        if tag == "handle":
            return self.objects[rest[0]]
        if tag == "callback":
            number = rest[0]
            return lambda *args, **kwargs: self.callback(number, list(args), kwargs)
        if tag == "function":
            torch = loaded_torch()
            return {"relu": torch.nn.functional.relu, "tanh": torch.tanh}[rest[0]]
        raise WireError(f"unknown tag {tag!r}")

    def release(self, number: int) -> None:
        self.objects.pop(number, None)
        self.graphs.pop(number, None)

    # -- requests -------------------------------------------------------------------------------------

    def respond(self, request: AnyRequest, inputs: list[Any]) -> AnyReply:
        """Do what is asked. `inputs` gathers a call's arguments that collect gradients."""
        match request:
            case Load():
                return self.load(request)
            case Begin():
                return self.begin(request.seed)
            case Lookup():
                return self.look_up(self.module if request.target is None else request.target, request.name)
            case Import():
                return Returned(value=importlib.import_module(request.name))
            case Call():
                return self.call(request, inputs)
            case GetLines():
                return Returned(value=self.lines)
            case PutIn():
                return self.put_in(request.module, request.name, StandIn(request.function, request.gradients))
            case Backward():
                return self.differentiate(*self.graphs[request.graph], request.grads)
            case GetItem():
                return Returned(value=request.target[request.index])
            case GetLength():
                return Returned(value=len(request.target))
            case GetParameters():  # as `module.parameters()` yields them: a shared one once
                return Returned(value=[_Reference(self.handle(item)) for item in request.target.parameters()])
            case GetNamedParameters():
                named = request.target.named_parameters()
                return Returned(value={name: item.detach() for name, item in named})
            case GetGradients():
                return Returned(value={name: item.grad for name, item in request.target.named_parameters()})
            case SetUp() | GetChangedState():
                raise WireError("a request for the process came to the learner's code")

    def load(self, request: Load) -> Loaded:
        """Import the exercise. What it raises is said beside the cells that failed on the way."""
        self.root, self.file = request.root, request.path
        run = CellRun(request.cell_seconds)
        raised = None
        try:
            self.module = loading.load_exercise(request.name, request.path, request.root, request.notebooks, run)
        except BaseException as error:  # as in `answer`
            raised = self.describe_exception(error)
        return Loaded(raised=raised, failures=tuple(run.failures))

    def begin(self, seed: int) -> Returned:
        """Known random state for a test, the same for every answer to it."""
        random.seed(seed)
        np.random.seed(seed % 2**32)
        torch = loaded_torch()
        if torch is not None:
            torch.default_generator.manual_seed(seed)  # torch.manual_seed is slow: it looks for accelerators too
        return Returned()

    def look_up(self, owner: Any, name: str) -> AnyReply:
        """An attribute of the module or of a handle's object."""
        try:
            value = getattr(owner, name)
        except AttributeError as error:
            if traceback.extract_tb(error.__traceback__)[1:]:
                raise  # the learner's own property failed inside
            return Missing(name=name)
        torch = loaded_torch()
        if torch is not None and isinstance(value, torch.Tensor):
            value = value.detach()
        return Returned(value=value)

    def call(self, request: Call, inputs: list[Any]) -> Returned:
        """Call, with what changed among the arguments and what the work was, if asked."""
        args, kwargs = request.args, request.kwargs
        # Parameters are the code's own: their gradients stay here.
        collecting = tensors_with_grad([*args, *kwargs.values()])
        inputs.extend(item for item in collecting if type(item) is loaded_torch().Tensor)
        named: dict[Any, Any] = {**dict(enumerate(args)), **kwargs}
        before = {key: self.snapshot(value) for key, value in named.items()}
        counter = OpCounter() if request.count else None
        with (
            _grad_mode(request.grad),
            counter.measuring() if counter else contextlib.nullcontext(),
            self.following() if request.trace else contextlib.nullcontext(),
        ):
            value = request.target(*args, **kwargs)
        changed = {key: item for key, item in named.items() if self.snapshot(item) != before[key]}
        counts = counter.counts() if counter else None
        return Returned(value=value, changed=changed, graph=self.next_graph(), counts=counts)

    def put_in(self, module: str, name: str, function: Any) -> Returned:
        """Another function where this one is looked up: in its own module, and in those that have imported it."""
        old = getattr(importlib.import_module(module) if module else self.module, name)
        modules = [item for item in list(sys.modules.values()) if self.is_own(getattr(item, "__file__", None) or "")]
        for found in [self.module, *modules]:
            for key in [key for key, value in vars(found).items() if value is old]:
                setattr(found, key, function)
        return Returned()

    @contextlib.contextmanager
    def following(self) -> Iterator[None]:
        """Note what each line of the learner's own files binds."""
        trace = LineTrace(self.is_own)
        self.lines = trace.bound
        with trace.following():
            yield

    def next_graph(self) -> int:
        self.counter += 1
        return self.counter

    def differentiate(self, outputs: list[Any], leaves: list[Any], grads: Any) -> Returned:
        """Differentiate an earlier call; gradients of parameters stay here, those of arguments go back."""
        torch = loaded_torch()
        pairs = [(out, grad) for out, grad in zip(outputs, grads, strict=True) if grad is not None]
        if pairs:
            _end_in(torch, pairs).backward(retain_graph=True)
        found = [leaf.grad for leaf in leaves]
        for leaf in leaves:
            leaf.grad = None
        return Returned(value=found)

    # -- exceptions -----------------------------------------------------------------------------------

    def describe_exception(self, error: BaseException) -> Raised:
        """The exception as text: its types, its message and the learner's own frames."""
        message = message_of(error)
        frames = list(self.own_frames(error))
        if isinstance(error, SyntaxError) and error.filename:
            frames.append(RaisedFrame(error.filename, error.lineno or 0, "", (error.text or "").strip()))
        if len(frames) > FRAMES_SHOWN:
            frames = frames[:3] + frames[-3:]
        names = tuple(kind.__name__ for kind in type(error).__mro__)
        return Raised(types=names, message=message[:MESSAGE_SHOWN], frames=tuple(frames))

    def own_frames(self, error: BaseException) -> Iterator[RaisedFrame]:
        trace = error.__traceback__
        while trace is not None:
            code = trace.tb_frame.f_code
            if self.is_own(code.co_filename):
                text = linecache.getline(code.co_filename, trace.tb_lineno).strip()
                described = _locals_of(trace.tb_frame)
                yield RaisedFrame(code.co_filename, trace.tb_lineno, code.co_qualname, text, described)
            trace = trace.tb_next

    def is_own(self, file: str) -> bool:
        """Whether it is the exercise's file, which may stand elsewhere, or one of the tree."""
        return file == self.file or (self.root != "" and file.startswith(self.root.rstrip("/") + "/"))


def _end_in(torch: Any, pairs: list[tuple[Any, Any]]) -> Any:
    """A number behind these tensors, whose backward pass gives each its gradient.

    torch looks at gradients that it is given with a library for symbols, which takes a third of a second to import.
    """

    class End(torch.autograd.Function):  # type: ignore[misc]  # the base is untyped in torch
        @staticmethod
        def forward(ctx: Any, *outputs: Any) -> Any:
            return torch.zeros(())

        @staticmethod
        def backward(ctx: Any, _: Any) -> Any:
            return tuple(grad for _, grad in pairs)

    with torch.enable_grad():  # in the tester a backward pass is under way already
        return End.apply(*(out for out, _ in pairs))


class _Reference:
    """Sends a tensor as a handle although tensors travel as values."""

    def __init__(self, node: list[Any]) -> None:
        self.node = node


def _locals_of(frame: FrameType) -> tuple[tuple[str, str], ...]:
    """The values at a line. What Python gives every module is nobody's, `__file__` and the like; nor is a library."""
    own = [
        (name, value)
        for name, value in frame.f_locals.items()
        if not name.startswith("__") and type(value) is not ModuleType
    ]
    described = []
    for name, value in own[:LOCALS_SHOWN]:
        with contextlib.suppress(Exception):
            described.append((name, describe(value)))
    return tuple(described)


@contextlib.contextmanager
def _grad_mode(enabled: bool) -> Iterator[None]:
    torch = loaded_torch()
    if torch is None:
        yield
        return
    with torch.set_grad_enabled(enabled):
        yield
