"""A worker that is a process of its own, for platforms on which a fork of torch is not safe."""

from __future__ import annotations

import socket

from grader.judge.preparation import prepare
from grader.worker.process import main


def start(arguments: list[str]) -> None:
    """`LIBRARIES FD FD FD`: what to import beforehand, the socket to the tester, the pipes of prints and tracebacks."""
    libraries, sock, output, trace = arguments
    prepare(libraries)
    main(socket.socket(fileno=int(sock)), int(output), int(trace))
