"""Frames between a tester and a worker, and packets between a command and a tester."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from grader.protocol import values, wire
from grader.protocol.frames import (
    PREFIX_BYTES,
    Closed,
    FrameKind,
    frame_size,
    kind_of,
    pack,
    payload_of,
    receive_exactly,
    receive_frame,
    send_frame,
)
from grader.protocol.packets import PacketBuffer, receive_packet, send_packet
from grader.protocol.wire import WireError


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    one, other = socket.socketpair()
    with one, other:
        yield one, other


def frame(kind: FrameKind = FrameKind.REPLY, value: object = "text") -> bytes:
    return pack(kind, values.encode(value))


@pytest.mark.parametrize("kind", FrameKind)
def test_a_frame_says_its_kind_and_its_size(kind: FrameKind) -> None:
    made = frame(kind, [1, 2])
    assert kind_of(made) is kind
    assert frame_size(made[:PREFIX_BYTES]) == len(made)
    assert values.decode(bytes(payload_of(made))) == [1, 2]


@pytest.mark.parametrize("data", [b"", b"\0", b"\x05rest", b"\xff"])
def test_a_frame_of_no_known_kind_is_refused(data: bytes) -> None:
    with pytest.raises(WireError):
        kind_of(data)


def test_a_size_is_checked_before_anything_is_read() -> None:
    with pytest.raises(WireError, match="more than is allowed"):
        frame_size(b"\1" + wire.PREFIX.pack(2**32 - 1, 0))
    with pytest.raises(WireError, match="more than is allowed"):
        frame_size(b"\1" + wire.PREFIX.pack(0, wire.BODY_LIMIT + 1))


def test_frames_arrive_one_by_one(pair: tuple[socket.socket, socket.socket]) -> None:
    sent = [frame(value="a"), frame(FrameKind.REQUEST, list(range(50)))]
    send_frame(pair[0], sent[0] + sent[1])
    assert [receive_frame(pair[1]), receive_frame(pair[1])] == sent


def test_the_other_side_being_gone_is_said(pair: tuple[socket.socket, socket.socket]) -> None:
    made = frame()
    pair[0].sendall(made[:-1])
    pair[0].close()
    with pytest.raises(Closed):
        receive_frame(pair[1])
    with pytest.raises(Closed):
        for _ in range(3):
            send_frame(pair[1], made)


def test_nothing_is_received_without_waiting(pair: tuple[socket.socket, socket.socket]) -> None:
    assert receive_exactly(pair[0], 0) == b""


# -- packets ------------------------------------------------------------------------------------------------


def test_packets_arrive_whole(pair: tuple[socket.socket, socket.socket]) -> None:
    for data in (b"", b"x" * 1000):
        send_packet(pair[0], data)
        assert receive_packet(pair[1]) == data
    pair[0].close()
    with pytest.raises(Closed):
        receive_packet(pair[1])


def written(*packets: bytes) -> bytes:
    return b"".join(len(data).to_bytes(8, "big") + data for data in packets)


@pytest.mark.parametrize("step", [1, 3, 8, 9, 1000])
def test_packets_come_out_of_bytes_in_pieces_of_any_size(step: int) -> None:
    sent = [b"a", b"", b"\0" * 20, b"last"]
    stream, buffer, found = written(*sent), PacketBuffer(), []
    for start in range(0, len(stream), step):
        found += list(buffer.feed(stream[start : start + step]))
    assert found == sent
    assert not buffer.pending


def test_a_packet_that_is_not_whole_waits() -> None:
    buffer = PacketBuffer()
    assert list(buffer.feed(written(b"abc")[:-1])) == []
    assert list(buffer.feed(b"c")) == [b"abc"]
    assert list(buffer.feed(b"")) == []
