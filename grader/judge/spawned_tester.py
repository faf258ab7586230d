"""A tester that is a process of its own, for platforms on which a fork of torch is not safe."""

from __future__ import annotations

import socket

from grader.judge import reaping
from grader.judge.preparation import prepare
from grader.judge.workers import SpawnedWorkers
from grader.tester.process import main


def start(arguments: list[str]) -> None:
    """`LIBRARIES FD`: what to import beforehand, and the job's socket."""
    libraries, descriptor = arguments
    prepare(libraries)
    reaping.become_subreaper()
    main(socket.socket(fileno=int(descriptor)), SpawnedWorkers(libraries))
