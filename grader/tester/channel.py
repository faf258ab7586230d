"""The tester's end of the way to a worker: frames within an allowance, and the learner's prints collected meanwhile."""

from __future__ import annotations

import os
import select
import socket

from grader.protocol.frames import CHUNK_BYTES, PREFIX_BYTES, Closed, frame_size
from grader.protocol.wire import WireError
from grader.tester.allowance import SAMPLE_EVERY_SECONDS, Allowance

MAX_OUTPUT_BYTES = 16_384
MAX_DRAINS = 4
MUCH_BYTES = 4096  # more than this at a time, and the worker may have waited for us


class Channel:
    """The tester's end: a socket for frames and a pipe from which the worker's prints are drained."""

    def __init__(self, sock: socket.socket, output: int) -> None:
        sock.setblocking(False)
        os.set_blocking(output, False)
        self.sock = sock
        self.output = output
        self.pending = bytearray()
        self.kept = bytearray()
        self.dropped = 0

    def exchange(self, frame: bytes, allowance: Allowance) -> bytes:
        """Send a frame and wait for the next one from the other side. Until it is sent, the other side waits for us."""
        allowance.wait_anew()
        allowance.check()
        if self.pending:
            raise WireError("an answer came before its question")
        self._send(memoryview(frame), allowance)
        allowance.wait_anew()
        return self.receive(allowance)

    def _send(self, data: memoryview, allowance: Allowance) -> None:
        data = data[self._sent(data) :]  # most frames go at once
        while data:
            readable, writable = self._wait(allowance, writing=True)
            moved = self._drain(readable)
            if writable:
                sent = self._sent(data)
                data, moved = data[sent:], moved + sent
            if moved > MUCH_BYTES:
                allowance.wait_anew()

    def _sent(self, data: memoryview) -> int:
        """How many bytes went."""
        try:
            return self.sock.send(data[:CHUNK_BYTES])
        except BlockingIOError:
            return 0
        except OSError as error:
            raise Closed(str(error)) from None

    def receive(self, allowance: Allowance) -> bytes:
        """One frame, its sizes checked before its bytes are read."""
        frame: bytes | None = None
        while frame is None:
            frame = self._complete()
            if frame is None:
                readable, _ = self._wait(allowance, writing=False)
                moved = self._drain(readable) + (self._read() if self.sock in readable else 0)
                if moved > MUCH_BYTES:
                    allowance.wait_anew()
        allowance.answered()
        self.drain_output()
        return frame

    def _complete(self) -> bytes | None:
        if len(self.pending) < PREFIX_BYTES:
            return None
        whole = frame_size(bytes(self.pending[:PREFIX_BYTES]))
        if len(self.pending) < whole:
            return None
        with memoryview(self.pending) as pending:
            frame = bytes(pending[:whole])
        del self.pending[:whole]
        return frame

    def _read(self) -> int:
        """How many bytes came."""
        try:
            part = self.sock.recv(CHUNK_BYTES)
        except BlockingIOError:
            return 0
        except OSError as error:
            raise Closed(str(error)) from None
        if not part:
            raise Closed("the connection ended")
        self.pending += part
        return len(part)

    def _wait(self, allowance: Allowance, writing: bool) -> tuple[list[object], bool]:
        readers: list[socket.socket | int] = [self.sock] if not writing else []
        if self.output >= 0:
            readers.append(self.output)
        readable, writable, _ = select.select(readers, [self.sock] if writing else [], [], SAMPLE_EVERY_SECONDS)
        allowance.check()  # whatever came: printing without end, or a frame byte by byte, is no answer either
        return list(readable), bool(writable)

    def _drain(self, readable: list[object]) -> int:
        return self._read_output() if self.output in readable else 0

    def drain_output(self) -> None:
        """What was printed before the answer: no more than the pipe holds, for a thread may print for ever."""
        for _ in range(MAX_DRAINS):
            if self.output < 0 or not self._read_output():
                return

    def _read_output(self) -> int:
        """How many bytes were printed."""
        try:
            part = os.read(self.output, CHUNK_BYTES)
        except BlockingIOError:
            return 0
        except OSError:
            part = b""
        if not part:
            os.close(self.output)
            self.output = -1
            return 0
        keep = max(0, MAX_OUTPUT_BYTES - len(self.kept))
        self.kept += part[:keep]
        self.dropped += len(part) - len(part[:keep])
        return len(part)

    def take_output(self) -> str:
        """What was printed since the last time, as text, with a note on what was left out."""
        text = self.kept.decode("utf-8", "replace")
        if self.dropped:
            text += f"\n… and {self.dropped:,} bytes more"
        self.kept, self.dropped = bytearray(), 0
        return text

    def close(self) -> None:
        self.sock.close()
        if self.output >= 0:
            os.close(self.output)
            self.output = -1
