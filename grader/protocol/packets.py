"""Jobs and events on the socket between a command and a tester: a length, then msgpack."""

from __future__ import annotations

import socket
from collections.abc import Iterator

from grader.protocol.frames import receive_exactly

LENGTH_BYTES = 8


def send_packet(sock: socket.socket, data: bytes) -> None:
    """Send one packet whole."""
    sock.sendall(len(data).to_bytes(LENGTH_BYTES, "big") + data)


def receive_packet(sock: socket.socket) -> bytes:
    """One packet, waiting for ever."""
    return receive_exactly(sock, int.from_bytes(receive_exactly(sock, LENGTH_BYTES), "big"))


class PacketBuffer:
    """Packets out of bytes that arrive in pieces."""

    def __init__(self) -> None:
        self.pending = bytearray()

    def feed(self, part: bytes) -> Iterator[bytes]:
        """The packets that are whole now."""
        self.pending += part
        while len(self.pending) >= LENGTH_BYTES:
            end = LENGTH_BYTES + int.from_bytes(self.pending[:LENGTH_BYTES], "big")
            if len(self.pending) < end:
                return
            packet = bytes(self.pending[LENGTH_BYTES:end])
            del self.pending[:end]
            yield packet
