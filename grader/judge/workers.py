"""Where workers come from: forked by the server, or started as processes of their own."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import msgspec

from grader.errors import JudgeError

BOOT = (
    "import sys; sys.path.insert(0, sys.argv[1]); from grader.judge.boot import main; main(sys.argv[2:])"
)


@dataclass(frozen=True)
class WorkerProcess:
    """A worker just started: its process, the socket to it, and the pipes of its prints and its tracebacks."""

    pid: int
    sock: socket.socket
    output: int
    trace: int


class WorkerSource(Protocol):
    """Gives fresh workers and makes away with used ones."""

    def start(self) -> WorkerProcess: ...

    def end(self, pid: int) -> int | None:
        """Kill the worker's whole process group. Its exit status as `os.waitstatus_to_exitcode` gives it."""
        ...


def boot_command(*arguments: str) -> list[str]:
    """A clean interpreter that knows this package and nothing of the caller's environment or folder."""
    package_root = str(Path(__file__).resolve().parents[2])
    return [sys.executable, "-I", "-c", BOOT, package_root, *arguments]


class ForkedWorkers:
    """Asks the fork server over the tester's control socket."""

    def __init__(self, control: socket.socket) -> None:
        self.control = control

    def start(self) -> WorkerProcess:
        self.control.sendall(b"W" + bytes(8))
        data, fds, _, _ = socket.recv_fds(self.control, 64, 3)
        if not data or len(fds) != 3:
            raise JudgeError("the fork server could not start a worker")
        pid = msgspec.msgpack.decode(data)
        return WorkerProcess(pid, socket.socket(fileno=fds[0]), fds[1], fds[2])

    def end(self, pid: int) -> int | None:
        self.control.sendall(b"K" + pid.to_bytes(8, "big"))
        status = msgspec.msgpack.decode(self.control.recv(64))
        return status if isinstance(status, int) else None


class SpawnedWorkers:
    """Starts an interpreter for each worker: slower, for platforms on which a fork of torch is not safe."""

    def __init__(self, modules: str) -> None:
        self.modules = modules
        self.processes: dict[int, subprocess.Popen[bytes]] = {}

    def start(self) -> WorkerProcess:
        ours, theirs = socket.socketpair()
        output_read, output_write = os.pipe()
        trace_read, trace_write = os.pipe()
        fds = (theirs.fileno(), output_write, trace_write)
        process = subprocess.Popen(
            boot_command("worker", self.modules, *map(str, fds)),
            pass_fds=fds,
            stdin=subprocess.DEVNULL,
            env={"PATH": os.defpath},
        )
        theirs.close()
        os.close(output_write)
        os.close(trace_write)
        self.processes[process.pid] = process
        return WorkerProcess(process.pid, ours, output_read, trace_read)

    def end(self, pid: int) -> int | None:
        process = self.processes.pop(pid)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)
        process.kill()
        return process.wait()
