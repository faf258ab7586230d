"""Where workers come from: forked by the server, or started as processes of their own."""

from __future__ import annotations

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
from grader.worker.sandbox import Policy
from grader.worker.sandbox.commands import command_prefix

OWN_CODE = str(Path(__file__).resolve().parents[1])


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
        fds = (theirs.fileno(), output_write, trace_write)
        policy = replace(policy, readable=(*policy.readable, OWN_CODE))
        command = [*command_prefix(tier, policy), *boot_command(WORKER, self.libraries, *map(str, fds))]
        process = subprocess.Popen(command, pass_fds=fds, stdin=subprocess.DEVNULL, env=worker_environment())
        theirs.close()
        os.close(output_write)
        os.close(trace_write)
        self.processes[process.pid] = process
        return WorkerProcess(process.pid, ours, output_read, trace_read)

    def end(self, pid: int) -> int | None:
        process = self.processes.pop(pid)
        reaping.kill_group(pid)
        status = process.wait()
        reaping.end_orphans({other.pid for other in self.processes.values()})
        return status
