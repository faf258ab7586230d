"""Frames over a socket, with a limit on how long to wait and the learner's prints collected meanwhile."""

from __future__ import annotations

import os
import select
import socket
import time
from collections.abc import Callable
from pathlib import Path

from grader import wire

CHUNK = 1 << 20
OUTPUT_KEPT = 16_384
IDLE_SHARE = 0.2
PATIENCE = 5.0


class Closed(Exception):
    """The other side is gone."""


class TimedOut(Exception):
    """The other side did not answer in time."""


def send_frame(sock: socket.socket, frame: bytes) -> None:
    """Send all of a frame, waiting as long as the other side takes to read it."""
    try:
        sock.sendall(frame)
    except OSError as error:
        raise Closed(str(error)) from None


def receive_frame(sock: socket.socket) -> bytes:
    """One whole frame, waiting for ever: the worker's own end."""
    prefix = _exactly(sock, wire.PREFIX.size)
    header, body = wire.check_prefix(prefix)
    return prefix + _exactly(sock, header + body)


def _exactly(sock: socket.socket, size: int) -> bytes:
    parts, missing = [], size
    while missing:
        part = sock.recv(min(missing, CHUNK))
        if not part:
            raise Closed("the connection ended")
        parts.append(part)
        missing -= len(part)
    return b"".join(parts)


class Limit:
    """A test's allowance: processor seconds of the worker, so that a busy machine is not held against it.

    Waiting counts too, once the worker has been idle for as long, or the wall clock shows five times as much.
    """

    def __init__(self, seconds: float, processor_time: Callable[[], float | None]) -> None:
        self.seconds = seconds
        self.processor_time = processor_time
        self.started = time.monotonic()
        self.processor_started = processor_time() or 0.0

    def exceeded(self) -> bool:
        wall = time.monotonic() - self.started
        if wall < self.seconds:
            return False
        now = self.processor_time()
        if now is None:
            return True
        used = now - self.processor_started
        return used >= self.seconds or used < IDLE_SHARE * wall or wall >= PATIENCE * self.seconds


def process_time(pid: int) -> float | None:
    """Processor seconds that a process has used, where the system says so without being asked twice."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except (OSError, IndexError):
        return None
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


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

    def exchange(self, frame: bytes, limit: Limit) -> bytes:
        """Send a frame and wait for the next one from the other side."""
        self._send(memoryview(frame), limit)
        return self.receive(limit)

    def _send(self, data: memoryview, limit: Limit) -> None:
        while data:
            readable, writable = self._wait(limit, writing=True)
            self._drain(readable)
            if writable:
                try:
                    data = data[self.sock.send(data[:CHUNK]) :]
                except BlockingIOError:
                    continue
                except OSError as error:
                    raise Closed(str(error)) from None

    def receive(self, limit: Limit) -> bytes:
        """One frame, its sizes checked before its bytes are read."""
        frame: bytes | None = None
        while frame is None:
            frame = self._complete()
            if frame is None:
                readable, _ = self._wait(limit, writing=False)
                self._drain(readable)
                if self.sock in readable:
                    self._read()
        self.drain_output()
        return frame

    def _complete(self) -> bytes | None:
        size = wire.PREFIX.size
        if len(self.pending) < size:
            return None
        header, body = wire.check_prefix(bytes(self.pending[:size]))
        whole = size + header + body
        if len(self.pending) < whole:
            return None
        frame = bytes(self.pending[:whole])
        del self.pending[:whole]
        return frame

    def _read(self) -> None:
        try:
            part = self.sock.recv(CHUNK)
        except BlockingIOError:
            return
        except OSError as error:
            raise Closed(str(error)) from None
        if not part:
            raise Closed("the connection ended")
        self.pending += part

    def _wait(self, limit: Limit, writing: bool) -> tuple[list[object], bool]:
        readers: list[socket.socket | int] = [self.sock] if not writing else []
        if self.output >= 0:
            readers.append(self.output)
        readable, writable, _ = select.select(readers, [self.sock] if writing else [], [], 0.1)
        if not readable and not writable and limit.exceeded():
            raise TimedOut
        if readable == [self.output] and limit.exceeded():  # printing without end is no answer either
            raise TimedOut
        return list(readable), bool(writable)

    def _drain(self, readable: list[object]) -> None:
        if self.output in readable:
            self._read_output()

    def drain_output(self) -> None:
        """Everything that was printed before the answer."""
        while self.output >= 0 and self._read_output():
            pass

    def _read_output(self) -> bool:
        try:
            part = os.read(self.output, CHUNK)
        except BlockingIOError:
            return False
        except OSError:
            part = b""
        if not part:
            os.close(self.output)
            self.output = -1
            return False
        keep = max(0, OUTPUT_KEPT - len(self.kept))
        self.kept += part[:keep]
        self.dropped += len(part) - len(part[:keep])
        return True

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
