"""Messages come back as they went; whatever is wrong with one is a WireError."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
import torch

from grader.protocol import messages, wire
from grader.protocol.frames import FrameKind, pack
from grader.protocol.messages import (
    AnyCallBackReply,
    AnyReply,
    AnyRequest,
    Backward,
    Begin,
    Call,
    CallBack,
    CallBackFailed,
    CalledBack,
    CellFailure,
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
    Message,
    Missing,
    PutIn,
    Raised,
    RaisedFrame,
    Refused,
    Returned,
    SetUp,
    WorkCounts,
    name_of,
    pack_message,
    peek_request,
    read_callback,
    read_callback_reply,
    read_reply,
    read_request,
)
from grader.protocol.wire import WireError
from grader.tester.compare import values_match
from unit.fakes import handle

X = torch.arange(6.0).reshape(2, 3)
FRAME = RaisedFrame("a.py", 3, "f", "x = 1", (("x", "1"), ("y", "tensor float32 (2,)")))
REQUESTS: list[messages.Request] = [
    SetUp(scratch="/tmp/x", readable=("/a", "/b"), tier="none", memory_bytes=2**40, processor_seconds=3),
    GetChangedState(release=(1, 2)),
    Load(name="ch1.a", path="/a.py", root="/"),
    Load(name="ch1.a", path="/a.py", root="/", notebooks={"ch1.a": ((1, 2), (5, 4))}),
    Begin(seed=2**63 - 1),
    Lookup(target=None, name="f"),
    Lookup(target=handle(3), name="weight", release=(4,)),
    Import(name="torch.nn"),
    GetItem(target=handle(3), index=(slice(1, None), Ellipsis, 0)),
    GetLength(target=handle(3)),
    GetLines(),
    Call(target=handle(3), args=[X, {"a": [1, (2.5, None)]}], kwargs={"y": X}, grad=True, count=False),
    Call(target=handle(3), args=[], kwargs={}, grad=False, count=True),
    PutIn(module="ch3_attention.softmax", name="softmax", function=X, gradients=None),
    Backward(graph=7, grads=[X, None]),
    GetParameters(target=handle(3)),
    GetNamedParameters(target=handle(3)),
    GetGradients(target=handle(3)),
]
REPLIES: list[Message] = [
    Returned(),
    Returned(value=(X, "text"), changed={0: X, "y": [1]}, graph=3, counts=WorkCounts(10, 4, 96)),
    Raised(types=("ValueError", "Exception"), message="no\nway", frames=(FRAME,)),
    Loaded(),
    Loaded(
        raised=Raised(types=("E",), message="no", frames=(FRAME,)),
        failures=(CellFailure("ch1.a", 2, 3, "NameError", "name"),),
    ),
    Missing(name="f"),
    Refused(reason="no sandbox"),
]
CALLS_BACK: list[Message] = [CallBack(number=0, args=[X, handle(9)], kwargs={"a": 1})]
CALL_BACK_REPLIES: list[Message] = [CalledBack(value=[X, None]), CallBackFailed(text="ValueError: no")]
ALL = [
    *((FrameKind.REQUEST, AnyRequest, message) for message in REQUESTS),
    *((FrameKind.REPLY, AnyReply, message) for message in REPLIES),
    *((FrameKind.CALLBACK, CallBack, message) for message in CALLS_BACK),
    *((FrameKind.CALLBACK_REPLY, AnyCallBackReply, message) for message in CALL_BACK_REPLIES),
]


def reduce(value: Any) -> list[Any] | None:
    return list(value.node) if hasattr(value, "node") else None


def restore(tag: str, rest: list[Any]) -> tuple[Any, ...]:
    return ("restored", tag, *rest)


def plain(value: Any) -> Any:
    """The value with each handle as `restore` gives it back."""
    if hasattr(value, "node"):
        return ("restored", *value.node)
    return [plain(item) for item in value] if type(value) is list else value


def raw(header: Any, body: bytes = b"", kind: FrameKind = FrameKind.REPLY) -> bytes:
    """A frame whose header is this, whatever it is."""
    encoded = msgspec.msgpack.encode(header)
    return pack(kind, wire.PREFIX.pack(len(encoded), len(body)) + encoded + body)


READERS = {
    FrameKind.REQUEST: read_request,
    FrameKind.REPLY: read_reply,
    FrameKind.CALLBACK: read_callback,
    FrameKind.CALLBACK_REPLY: read_callback_reply,
}


@pytest.mark.parametrize(("kind", "type", "message"), ALL, ids=lambda item: type(item).__name__)
def test_every_message_comes_back_as_it_went(kind: FrameKind, type: Any, message: Message) -> None:
    found = READERS[kind](pack_message(kind, message, reduce), restore)
    assert found.__class__ is message.__class__
    for name in message.__struct_fields__:
        sent, came = getattr(message, name), getattr(found, name)
        if name in message.VALUES:
            assert values_match(came, plain(sent), 0.0, 0.0)
        else:
            assert came == sent


def test_every_kind_of_message_is_tried_here() -> None:
    tried = {message.__class__ for _, _, message in ALL}
    kinds = {AnyRequest, AnyReply, AnyCallBackReply}
    assert tried == {item for union in kinds for item in union.__args__} | {CallBack}


@pytest.mark.parametrize("kind", [kind for kind in FrameKind if kind is not FrameKind.REPLY])
def test_a_frame_of_another_kind_is_refused(kind: FrameKind) -> None:
    with pytest.raises(WireError, match="came where a reply was expected"):
        read_reply(pack_message(kind, Returned()))


def test_a_message_of_another_type_is_refused() -> None:
    with pytest.raises(WireError, match="no such message"):
        read_reply(pack_message(FrameKind.REPLY, Begin(seed=1)))
    with pytest.raises(WireError, match="no such message"):
        read_request(pack_message(FrameKind.REQUEST, Returned()))


@pytest.mark.parametrize(
    "header",
    [
        None,
        [],
        "Returned",
        {"type": "Returned"},
        ["Unknown"],
        [["Returned"]],
        ["Raised"],
        ["Raised", ["ValueError"]],
        ["Raised", "ValueError", "text", []],
        ["Raised", ["ValueError"], ["tensor", "float32", [1], [], 4, False], []],
        ["Raised", ["ValueError"], "text", [["a.py"]]],
        ["Raised", ["ValueError"], "text", [["a.py", "3", "f", "x", []]]],
        ["Missing"],
        ["Missing", ["list", []]],
        ["Missing", 3],
        ["Returned", None, None, "3"],
        ["Returned", None, None, ["int", "3"]],
        ["Returned", None, None, 3, [1, 2]],
        ["Returned", None, None, 3, [1, 2, 2.5]],
        ["Returned", ["handle"]],
        ["Returned", ["unknown", 1]],
        ["Returned", {"a": 1}],
        ["Returned", None, ["dict", [["a", 1], ["a", 2]]]],
        ["Returned", ["tensor", "float32", [2], [], 8, False]],
    ],
    ids=repr,
)
def test_a_malformed_reply_is_a_wire_error(header: Any) -> None:
    with pytest.raises(WireError):
        read_reply(raw(header))


def test_bytes_that_belong_to_no_value_are_refused() -> None:
    for header in (["Returned", 1, None], ["Missing", "f"]):
        with pytest.raises(WireError, match="belong to no array"):
            read_reply(raw(header, b"1234"))


def test_the_arrays_of_several_fields_keep_their_order() -> None:
    message = Returned(value=[X, X + 1], changed={0: X + 2})
    found = read_reply(pack_message(FrameKind.REPLY, message))
    assert isinstance(found, Returned)
    assert torch.equal(found.value[1], X + 1) and torch.equal(found.changed[0], X + 2)


def test_a_frame_cut_short_is_refused_wherever_it_is_cut() -> None:
    frame = pack_message(FrameKind.REPLY, Returned(value=[X, "text"], changed={}, graph=3))
    for size in range(len(frame)):
        with pytest.raises(WireError):
            read_reply(frame[:size])
    with pytest.raises(WireError):
        read_reply(frame + b"\0")


def test_a_request_can_be_told_by_its_kind_alone() -> None:
    frame = pack_message(FrameKind.REQUEST, Lookup(target=handle(3), name="f"), reduce)
    request = peek_request(frame)
    assert (name_of(request), getattr(request, "name", None)) == ("Lookup", "f")


def test_what_is_too_large_is_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "HEADER_LIMIT", 100)
    with pytest.raises(WireError, match="too large to send"):
        pack_message(FrameKind.REPLY, Returned(value=list(range(200))))
    monkeypatch.setattr(wire, "BODY_LIMIT", 7)
    with pytest.raises(WireError, match="too large to send"):
        wire.join(b"", [bytes(4), bytes(4)])
