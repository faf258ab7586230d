"""Frames over a socket, with a limit on how long to wait and the learner's prints collected meanwhile."""

from __future__ import annotations

import os
import select
import socket
import time
from collections.abc import Callable
from pathlib import Path

from grader.protocol import values as wire

CHUNK = 1 << 20
OUTPUT_KEPT = 16_384
DRAINS = 4
IDLE_SHARE = 0.2
PATIENCE = 5.0
LOOK_EVERY = 0.1


class Closed(Exception):
    """The other side is gone."""


class TimedOut(Exception):
    """The other side did not answer in time."""


class Overused(Exception):
    """The other side took more than its share of something; the message says of what."""


def send_frame(sock: socket.socket, frame: bytes) -> None:
    """Send all of a frame, waiting as long as the other side takes to read it."""
    try:
        sock.sendall(frame)
    except OSError as error:
        raise Closed(str(error)) from None


def receive_frame(sock: socket.socket) -> bytes:
    """One whole frame, waiting for ever: the worker's own end."""
    prefix = receive_exactly(sock, wire.PREFIX.size)
    header, body = wire.check_prefix(prefix)
    return prefix + receive_exactly(sock, header + body)


def receive_exactly(sock: socket.socket, size: int) -> bytes:
    """This many bytes, waiting for ever."""
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

    def __init__(
        self, seconds: float, processor_time: Callable[[], float | None], overuse: Callable[[], str] = str
    ) -> None:
        self.seconds = seconds
        self.processor_time = processor_time
        self.overuse = overuse
        self.started = time.monotonic()
        self.next_look = self.started + LOOK_EVERY
        self.processor_started = processor_time() or 0.0

    def check(self) -> None:
        """Raise once the allowance is used up, in time or in anything else."""
        if self.exceeded():
            raise TimedOut
        if time.monotonic() >= self.next_look:
            self.look()

    def look(self) -> None:
        """Raise if the worker has too much of something."""
        self.next_look = time.monotonic() + LOOK_EVERY
        if text := self.overuse():
            raise Overused(text)

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
    fields = _status_fields(pid)
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK") if fields else None


def thread_count(pid: int) -> int:
    """How many threads a process has; 0 where the system does not say."""
    fields = _status_fields(pid)
    return int(fields[17]) if fields else 0


def _status_fields(pid: int) -> list[str]:
    """What the kernel says of a process, after its name (which the process may have chosen)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except (OSError, IndexError):
        return []


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
        limit.check()
        if self.pending:
            raise wire.WireError("an answer came before its question")
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
        with memoryview(self.pending) as pending:
            frame = bytes(pending[:whole])
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
        limit.check()  # whatever came: printing without end, or a frame byte by byte, is no answer either
        return list(readable), bool(writable)

    def _drain(self, readable: list[object]) -> None:
        if self.output in readable:
            self._read_output()

    def drain_output(self) -> None:
        """What was printed before the answer: no more than the pipe holds, for a thread may print for ever."""
        for _ in range(DRAINS):
            if self.output < 0 or not self._read_output():
                return

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
