"""A tester that is a process of its own, for platforms on which a fork of torch is not safe."""

from __future__ import annotations

import socket
import tempfile

from grader.course.temporary import TemporaryFolder
from grader.judge import reaping
from grader.judge.preparation import prepare
from grader.judge.workers import SpawnedWorkers
from grader.tester.process import main


def start(arguments: list[str]) -> None:
    """`LIBRARIES FD`: what to import beforehand, and the job's socket."""
    libraries, descriptor = arguments
    prepare(libraries)
    reaping.become_subreaper()
    folder = TemporaryFolder()
    tempfile.tempdir = str(folder.path)
    main(socket.socket(fileno=int(descriptor)), SpawnedWorkers(libraries), folder.close)
