"""Entry point of the judging processes: server, tester, worker."""

from __future__ import annotations

import gc
import os
import socket
import sys


def main(arguments: list[str]) -> None:
    """`server|tester|worker MODULES FD …`, MODULES a comma-separated list to import beforehand."""
    role, modules, *fds = arguments
    sys.dont_write_bytecode = True
    prepare(modules.split(",") if modules else [], tests=role != "worker")
    numbers = [int(fd) for fd in fds]
    if role == "server":
        from grader.judge.server import Server

        Server(socket.socket(fileno=numbers[0])).run()
    elif role == "tester":
        from grader.judge import reaping
        from grader.judge.tester import main as tester
        from grader.judge.workers import SpawnedWorkers

        reaping.become_subreaper()
        tester(socket.socket(fileno=numbers[0]), SpawnedWorkers(modules))
    else:
        from grader.judge.worker import main as worker

        worker(socket.socket(fileno=numbers[0]), numbers[1], numbers[2])


def prepare(modules: list[str], tests: bool) -> None:
    """Import what the run needs, once. One thread before any tensor operation: a forked child hangs on two."""
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = "1"
    import numpy  # noqa: F401 # every exercise uses it

    if "torch" in modules:
        import torch

        torch.set_num_threads(1)
        torch.set_num_interop_threads(1)
        torch.autograd.backward(torch.zeros(2, 2, requires_grad=True).sum())
    if "optim" in modules:
        import torch

        torch.optim.Adam([torch.zeros(1, requires_grad=True)])
    if "meta" in modules:
        import torch

        torch.zeros(1, device="meta").add(1)  # the first such operation imports 800 modules
    if "counting" in modules:
        import torch

        from grader.judge.counting import Tally

        with Tally().measuring():  # the first count imports torch's compiler, which also patches torch.manual_seed
            torch.zeros(2, 2).matmul(torch.zeros(2, 2))
    import grader.judge.worker  # imported before the fork, once
    from grader.judge.sandbox import interpreter_trees

    interpreter_trees()  # looked up while a process may still look

    if tests:
        import pytest  # noqa: F401 # the tester is about to run it

        import grader.judge.tester
        import grader.suite.run  # noqa: F401 # imported before the fork, once
    gc.freeze()  # a collection first would cost as much as a tenth of the import
