"""Where workers come from: forked by the server, or started as processes of their own."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
from dataclasses import replace
from pathlib import Path

import msgspec

from grader.errors import JudgeError
from grader.judge import reaping
from grader.judge.launch import WORKER, boot_command, worker_environment
from grader.tester.worker_source import WorkerProcess
from grader.worker.sandbox import Policy, detection
from grader.worker.sandbox.commands import command_prefix

OWN_CODE = str(Path(__file__).resolve().parents[1])
EXIT_WAIT_SECONDS = 0.2
SHELL_SIGNAL = 128  # a program around the worker reports its end by signal 9 as status 137


class ForkedWorkers:
    """Asks the fork server over the tester's control socket."""

    def __init__(self, control: socket.socket) -> None:
        self.control = control

    def start(self, tier: str, policy: Policy) -> WorkerProcess:
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

    def __init__(self, libraries: str) -> None:
        self.libraries = libraries
        self.processes: dict[int, subprocess.Popen[bytes]] = {}

    def start(self, tier: str, policy: Policy) -> WorkerProcess:
        ours, theirs = socket.socketpair()
        output_read, output_write = os.pipe()
        trace_read, trace_write = os.pipe()
        info_read, info_write = os.pipe()
        fds = (theirs.fileno(), output_write, trace_write)
        command = boot_command(WORKER, self.libraries, *map(str, fds))
        policy = replace(policy, readable=(*policy.readable, OWN_CODE))
        walled = tier == "macos" or (tier == "linux-full" and detection.wall_holds(tier))
        prefix = command_prefix(tier, policy, info_write) if walled else []
        process = subprocess.Popen(
            [*prefix, *command], pass_fds=(*fds, info_write), stdin=subprocess.DEVNULL, env=worker_environment()
        )
        theirs.close()
        for descriptor in (output_write, trace_write, info_write):
            os.close(descriptor)
        pid = _pid_inside(info_read) or process.pid if prefix else process.pid
        os.close(info_read)
        self.processes[pid] = process
        return WorkerProcess(pid, ours, output_read, trace_read)

    def end(self, pid: int) -> int | None:
        process = self.processes.pop(pid)
        inside = pid != process.pid
        if inside:  # its number is not ours to kill: the program around it may have reaped it, and takes it along
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(EXIT_WAIT_SECONDS)
        else:
            reaping.kill_group(pid)
        process.kill()
        status = process.wait()
        reaping.end_orphans({other.pid for other in self.processes.values()})
        return SHELL_SIGNAL - status if inside and status > SHELL_SIGNAL else status


def _pid_inside(descriptor: int) -> int | None:
    """The worker's own number, as the program around it reports it; None where it reports nothing."""
    text = b""
    with contextlib.suppress(ValueError, KeyError, TypeError, OSError):
        while part := os.read(descriptor, 4096):
            text += part
            if text.rstrip().endswith(b"}"):
                break
        return int(json.loads(text)["child-pid"])
    return None
