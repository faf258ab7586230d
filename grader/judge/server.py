"""The fork server: imports once, then forks testers and workers on request. It is told no secret."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import socket
import tempfile
from typing import NoReturn

import msgspec

from grader.course.temporary import TemporaryFolder
from grader.judge import reaping
from grader.judge.preparation import prepare
from grader.judge.workers import ForkedWorkers
from grader.tester import process as tester
from grader.tester.worker_source import WorkerProcess
from grader.worker import process as worker


def start(arguments: list[str]) -> NoReturn:
    """`LIBRARIES FD`: what to import beforehand, and the command's socket."""
    libraries, descriptor = arguments
    prepare(libraries)
    Server(socket.socket(fileno=int(descriptor))).run()


class Server:
    """One command's server. `commands` brings a job socket for each tester to start."""

    def __init__(self, commands: socket.socket) -> None:
        self.commands = commands
        self.selector = selectors.DefaultSelector()
        self.testers: dict[int, socket.socket] = {}
        self.statuses: dict[int, int] = {}
        self.workers: dict[int, int | None] = {}
        self.spare: WorkerProcess | None = None
        self.pid = 0
        self.folder: TemporaryFolder | None = None

    def run(self) -> NoReturn:
        """Serve until the command hangs up, then leave nothing running."""
        reaping.become_subreaper()
        self.pid = os.getpid()
        # Every tester's folders are in this one, so that none is left behind by a tester that was killed.
        self.folder = TemporaryFolder()
        tempfile.tempdir = str(self.folder.path)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to the whole group; the command decides
        self.selector.register(self.commands, selectors.EVENT_READ, self._command)
        try:
            self.spare = self._fork_worker()
            while self.commands.fileno() >= 0:
                for key, _ in self.selector.select():
                    key.data(key.fileobj)
        finally:
            self._end_all()
            os._exit(0)

    # -- requests -------------------------------------------------------------------------------------

    def _command(self, sock: socket.socket) -> None:
        data, fds, _, _ = socket.recv_fds(sock, 1, 2)
        if not data:
            self.selector.unregister(sock)
            sock.close()
            return
        self._fork_tester(socket.socket(fileno=fds[0]), fds[1])

    def _from_tester(self, sock: socket.socket) -> None:
        try:
            data = sock.recv(9, socket.MSG_WAITALL)
        except OSError:
            data = b""
        if len(data) < 9:
            self._end_tester(sock)
        elif data[:1] == b"W":
            self._hand_over_worker(sock)
        else:
            status = self._end_worker(int.from_bytes(data[1:], "big"))
            _tell(sock, msgspec.msgpack.encode(status))

    def _hand_over_worker(self, sock: socket.socket) -> None:
        fresh = self.spare or self._fork_worker()
        self.spare = None
        fds = [fresh.sock.fileno(), fresh.output, fresh.trace]
        with contextlib.suppress(OSError):
            socket.send_fds(sock, [msgspec.msgpack.encode(fresh.pid)], fds)
        self.workers[fresh.pid] = sock.fileno()
        _close(fresh)
        self.spare = self._fork_worker()

    # -- forking --------------------------------------------------------------------------------------

    def _fork_tester(self, job: socket.socket, status: int) -> None:
        """`status` is where the command will be told how the tester ended."""
        ours, theirs = socket.socketpair()
        pid = os.fork()
        if pid == 0:
            os.close(status)
            self._leave_server(keep=[job.fileno(), theirs.fileno()])
            tester.main(job, ForkedWorkers(theirs))
        theirs.close()
        job.close()
        self.testers[pid] = ours
        self.statuses[pid] = status
        self.selector.register(ours, selectors.EVENT_READ, self._from_tester)

    def _fork_worker(self) -> WorkerProcess:
        ours, theirs = socket.socketpair()
        output_read, output_write = os.pipe()
        trace_read, trace_write = os.pipe()
        pid = os.fork()
        if pid == 0:
            self._leave_server(keep=[theirs.fileno(), output_write, trace_write])
            worker.main(theirs, output_write, trace_write)
        theirs.close()
        os.close(output_write)
        os.close(trace_write)
        self.workers[pid] = None
        return WorkerProcess(pid, ours, output_read, trace_read)

    def _leave_server(self, keep: list[int]) -> None:
        """In a child: close what belongs to the server, so that no one holds another's socket open."""
        reaping.die_with_parent(self.pid)
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        self.selector.close()
        kept = set(keep)
        for sock in [self.commands, *self.testers.values()]:
            if sock.fileno() not in kept:
                sock.close()
        for status in self.statuses.values():
            os.close(status)
        if self.spare is not None:
            _close(self.spare)

    # -- ending ---------------------------------------------------------------------------------------

    def _end_worker(self, pid: int) -> int | None:
        if pid not in self.workers:
            return None
        del self.workers[pid]
        reaping.kill_group(pid)
        status = reaping.reap(pid)
        reaping.end_orphans({*self.testers, *self.workers})
        return status

    def _end_tester(self, sock: socket.socket) -> None:
        pid = next(pid for pid, held in self.testers.items() if held is sock)
        fileno = sock.fileno()
        self.selector.unregister(sock)
        for worker_pid in [pid for pid, owner in self.workers.items() if owner == fileno]:
            self._end_worker(worker_pid)
        del self.testers[pid]
        sock.close()
        reaping.kill_group(pid)
        status = reaping.reap(pid)
        with contextlib.suppress(OSError):  # the command may have hung up
            os.write(self.statuses[pid], msgspec.msgpack.encode(status))
        os.close(self.statuses.pop(pid))

    def _end_all(self) -> None:
        for pid in [*self.workers, *self.testers]:
            reaping.kill_group(pid)
            reaping.reap(pid)
        reaping.end_orphans(())
        if self.folder is not None:
            self.folder.close()


def _close(process: WorkerProcess) -> None:
    process.sock.close()
    os.close(process.output)
    os.close(process.trace)


def _tell(sock: socket.socket, data: bytes) -> None:
    with contextlib.suppress(OSError):
        sock.sendall(data)
