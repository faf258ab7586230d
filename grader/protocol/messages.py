"""What tester and worker say to each other: tagged structs, whose fields in `VALUES` hold any value of the wire."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import msgspec
from msgspec.msgpack import Decoder

from grader.course.cells import Cells
from grader.protocol import frames, wire
from grader.protocol.frames import FrameKind
from grader.protocol.value_reader import ValueReader
from grader.protocol.value_writer import ValueWriter
from grader.protocol.wire import NODES, Reduce, Restore, WireError

if TYPE_CHECKING:
    AsSent = Any  # a message that is not on its way has the value itself
else:
    AsSent = msgspec.Raw


class Message(msgspec.Struct, frozen=True, array_like=True, kw_only=True, tag=True):
    """The base of all messages. On the way, the values of fields in `VALUES` are nodes of the header."""

    VALUES: ClassVar[tuple[str, ...]] = ()


# -- requests: tester to worker ---------------------------------------------------------------------------


class Request(Message, frozen=True, kw_only=True):
    """Something to do. `release` are the numbers of objects that nobody holds a handle to any more."""

    release: tuple[int, ...] = ()


class SetUp(Request, frozen=True, kw_only=True):
    """Lower the limits and enter the sandbox, before anything of the learner's is near."""

    scratch: str
    readable: tuple[str, ...]
    tier: str
    memory_bytes: int
    processor_seconds: int


class GetChangedState(Request, frozen=True, kw_only=True):
    """Say what has changed in the state that all tests of a process share."""


class Load(Request, frozen=True, kw_only=True):
    """Import the file `path` as the module `name`, with `root` as the tree of its earlier parts.

    `notebooks` has the cells of each module of the tree that was made of a notebook's, `cell_seconds` is what all of
    them may take; 0 for no limit.
    """

    name: str
    path: str
    root: str
    notebooks: dict[str, Cells] = {}
    cell_seconds: float = 0.0


class Begin(Request, frozen=True, kw_only=True):
    """A new test: known random state."""

    seed: int


class Lookup(Request, frozen=True, kw_only=True):
    """An attribute of an object, or of the module where `target` is None."""

    VALUES: ClassVar[tuple[str, ...]] = ("target",)
    target: AsSent
    name: str


class Import(Request, frozen=True, kw_only=True):
    """A module: a library's, or an earlier part's, as the code under test would import it."""

    name: str


class GetItem(Request, frozen=True, kw_only=True):
    """`target[index]`."""

    VALUES: ClassVar[tuple[str, ...]] = ("target", "index")
    target: AsSent
    index: AsSent


class GetLength(Request, frozen=True, kw_only=True):
    """`len(target)`."""

    VALUES: ClassVar[tuple[str, ...]] = ("target",)
    target: AsSent


class Call(Request, frozen=True, kw_only=True):
    """`target(*args, **kwargs)`: with gradients if `grad`, its work counted if `count`, its lines noted if `trace`."""

    VALUES: ClassVar[tuple[str, ...]] = ("target", "args", "kwargs")
    target: AsSent
    args: AsSent
    kwargs: AsSent
    grad: bool
    count: bool
    trace: bool = False


class GetLines(Request, frozen=True, kw_only=True):
    """What the lines of the latest call that was followed have bound, each as `LineTrace` notes it."""


class PutIn(Request, frozen=True, kw_only=True):
    """Put a function of the tester's in the place of `name`, for whoever of the learner's modules has that name.

    It is defined in `module`, or in the exercise itself where that is empty. `gradients` differentiates its calls.
    """

    VALUES: ClassVar[tuple[str, ...]] = ("function", "gradients")
    module: str
    name: str
    function: AsSent
    gradients: AsSent


class Backward(Request, frozen=True, kw_only=True):
    """Differentiate an earlier call. `grads` has one gradient for each of its outputs, or None."""

    VALUES: ClassVar[tuple[str, ...]] = ("grads",)
    graph: int
    grads: AsSent


class GetParameters(Request, frozen=True, kw_only=True):
    """References to a module's parameters, each once."""

    VALUES: ClassVar[tuple[str, ...]] = ("target",)
    target: AsSent


class GetNamedParameters(Request, frozen=True, kw_only=True):
    """The values of a module's parameters by name."""

    VALUES: ClassVar[tuple[str, ...]] = ("target",)
    target: AsSent


class GetGradients(Request, frozen=True, kw_only=True):
    """The gradients of a module's parameters by name, None where there is none."""

    VALUES: ClassVar[tuple[str, ...]] = ("target",)
    target: AsSent


AnyRequest = (
    SetUp
    | GetChangedState
    | Load
    | Begin
    | Lookup
    | Import
    | GetItem
    | GetLength
    | Call
    | GetLines
    | PutIn
    | Backward
    | GetParameters
    | GetNamedParameters
    | GetGradients
)


# -- replies: worker to tester ----------------------------------------------------------------------------


class WorkCounts(msgspec.Struct, frozen=True, array_like=True):
    """The counted work of a call: operations, elements of the largest tensor made, bytes kept for the backward pass."""

    flops: int
    largest: int
    saved_bytes: int


class RaisedFrame(msgspec.Struct, frozen=True, array_like=True):
    """A line of the learner's code on the way to an exception, its local values described."""

    file: str
    line: int
    function: str
    text: str
    locals: tuple[tuple[str, str], ...] = ()


class Returned(Message, frozen=True, kw_only=True):
    """What came of a request. `changed` has the arguments that a call changed, by place or name, as they are now.

    `graph` is the number by which the call can be differentiated.
    """

    VALUES: ClassVar[tuple[str, ...]] = ("value", "changed")
    value: AsSent = None
    changed: AsSent = None
    graph: int | None = None
    counts: WorkCounts | None = None


class Raised(Message, frozen=True, kw_only=True):
    """An exception as text: the names of its class and its bases, its message, the learner's own frames."""

    types: tuple[str, ...]
    message: str
    frames: tuple[RaisedFrame, ...]


class CellFailure(msgspec.Struct, frozen=True, array_like=True):
    """A cell that did not come to its end: its module, its number, the module's line, the exception as text."""

    module: str
    cell: int
    line: int
    type: str
    message: str
    went_on: bool = False  # with the next statement of the cell


class Loaded(Message, frozen=True, kw_only=True):
    """What came of an import: what it raised, if anything, and the cells of notebooks that failed in it."""

    raised: Raised | None = None
    failures: tuple[CellFailure, ...] = ()


class Missing(Message, frozen=True, kw_only=True):
    """There is no attribute of this name."""

    name: str


class Refused(Message, frozen=True, kw_only=True):
    """The worker could not be set up; the reason."""

    reason: str


AnyReply = Returned | Raised | Loaded | Missing | Refused


# -- calls back: worker to tester, in the middle of a request ----------------------------------------------


class CallBack(Message, frozen=True, kw_only=True):
    """Call the tester's function of this number."""

    VALUES: ClassVar[tuple[str, ...]] = ("args", "kwargs")
    number: int
    args: AsSent
    kwargs: AsSent


class CalledBack(Message, frozen=True, kw_only=True):
    """What the tester's function returned."""

    VALUES: ClassVar[tuple[str, ...]] = ("value",)
    value: AsSent


class CallBackFailed(Message, frozen=True, kw_only=True):
    """The tester's function raised."""

    text: str


AnyCallBackReply = CalledBack | CallBackFailed

T = TypeVar("T")

# Made once: to work out what a union of types may hold takes longer than to read a message.
REQUESTS: Decoder[AnyRequest] = Decoder(AnyRequest)
REPLIES: Decoder[AnyReply] = Decoder(AnyReply)
CALLBACKS: Decoder[CallBack] = Decoder(CallBack)
CALLBACK_REPLIES: Decoder[AnyCallBackReply] = Decoder(AnyCallBackReply)


def pack_message(kind: FrameKind, message: Message, reduce: Reduce | None = None) -> bytes:
    """The frame of a message. `reduce` gives the node of a value that the wire itself does not know."""
    writer = ValueWriter(reduce)
    nodes = {name: msgspec.Raw(msgspec.msgpack.encode(writer.node(getattr(message, name)))) for name in message.VALUES}
    header = msgspec.msgpack.encode(msgspec.structs.replace(message, **nodes) if nodes else message)
    return frames.pack(kind, wire.join(header, writer.buffers))


def read_request(frame: bytes, restore: Restore | None = None) -> AnyRequest:
    """What the tester asks."""
    return _read(frame, FrameKind.REQUEST, REQUESTS, restore)


def read_reply(frame: bytes, restore: Restore | None = None) -> AnyReply:
    """What a worker answers."""
    return _read(frame, FrameKind.REPLY, REPLIES, restore)


def read_callback(frame: bytes, restore: Restore | None = None) -> CallBack:
    """What a worker asks in the middle of a request."""
    return _read(frame, FrameKind.CALLBACK, CALLBACKS, restore)


def read_callback_reply(frame: bytes, restore: Restore | None = None) -> AnyCallBackReply:
    """What came of that."""
    return _read(frame, FrameKind.CALLBACK_REPLY, CALLBACK_REPLIES, restore)


def _read(frame: bytes, kind: FrameKind, decoder: Decoder[T], restore: Restore | None) -> T:
    """The message of a frame, which must be of this kind and one of these types. Its values are copied out."""
    if frames.kind_of(frame) is not kind:
        raise WireError(f"a {frames.kind_of(frame).name.lower()} came where a {kind.name.lower()} was expected")
    payload = wire.split(frames.payload_of(frame))
    try:
        message: Any = decoder.decode(payload.header)
        nodes = {name: NODES.decode(getattr(message, name)) for name in message.VALUES}
    except Exception as error:  # whatever a library raises here, the frame is to blame
        raise WireError(f"the header is no such message: {str(error)[:200]}") from None
    reader = ValueReader(payload.body, restore)
    found = {name: reader.value(node) for name, node in nodes.items()}
    reader.end()
    whole: T = msgspec.structs.replace(message, **found) if found else message
    return whole


def peek_request(frame: bytes) -> AnyRequest:
    """A request whose values are still nodes: for whoever asks only what kind it is."""
    payload = wire.split(frames.payload_of(frame))
    return REQUESTS.decode(payload.header)


def name_of(request: Message) -> str:
    """The kind of a request in a word."""
    return type(request).__name__
