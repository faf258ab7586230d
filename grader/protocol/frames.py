"""Frames on the socket between a tester and a worker: one byte for the kind, then a payload."""

from __future__ import annotations

import enum
import socket

from grader.protocol import wire
from grader.protocol.wire import WireError

CHUNK_BYTES = 1 << 20
PREFIX_BYTES = 1 + wire.PREFIX.size


class Closed(Exception):
    """The other side is gone."""


class FrameKind(enum.IntEnum):
    """What a frame is. The tester sends requests; a worker answers each with a reply, or first calls back."""

    REQUEST = 1
    REPLY = 2
    CALLBACK = 3
    CALLBACK_REPLY = 4


def pack(kind: FrameKind, payload: bytes) -> bytes:
    """A frame of this kind."""
    return bytes((kind,)) + payload


def kind_of(frame: bytes) -> FrameKind:
    """What a frame says it is."""
    try:
        return FrameKind(frame[0])
    except (ValueError, IndexError):
        raise WireError("a frame of no known kind") from None


def payload_of(frame: bytes) -> memoryview:
    """What a frame carries."""
    return memoryview(frame)[1:]


def frame_size(prefix: bytes) -> int:
    """The size of a whole frame, from its first bytes, checked before the rest is read."""
    header, body = wire.check_prefix(prefix[1:PREFIX_BYTES])
    return PREFIX_BYTES + header + body


def send_frame(sock: socket.socket, frame: bytes) -> None:
    """Send all of a frame, waiting as long as the other side takes to read it."""
    try:
        sock.sendall(frame)
    except OSError as error:
        raise Closed(str(error)) from None


def receive_frame(sock: socket.socket) -> bytes:
    """One whole frame, waiting for ever: the worker's own end."""
    prefix = receive_exactly(sock, PREFIX_BYTES)
    return prefix + receive_exactly(sock, frame_size(prefix) - PREFIX_BYTES)


def receive_exactly(sock: socket.socket, size: int) -> bytes:
    """This many bytes, waiting for ever."""
    parts, missing = [], size
    while missing:
        part = sock.recv(min(missing, CHUNK_BYTES))
        if not part:
            raise Closed("the connection ended")
        parts.append(part)
        missing -= len(part)
    return b"".join(parts)
