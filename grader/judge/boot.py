"""Entry point of the judging processes: server, tester, worker."""

from __future__ import annotations

import gc
import importlib.util
import os
import socket
import sys
from pathlib import Path


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
        from grader.judge.workers import SpawnedWorkers
        from grader.tester.process import main as tester

        reaping.become_subreaper()
        tester(socket.socket(fileno=numbers[0]), SpawnedWorkers(modules))
    else:
        from grader.worker.process import main as worker

        worker(socket.socket(fileno=numbers[0]), numbers[1], numbers[2])


def prepare(modules: list[str], tests: bool) -> None:
    """Import what the run needs, once. One thread before any tensor operation: a forked child hangs on two."""
    gc.disable()  # imports leave next to no garbage, and looking for it takes a quarter of their time
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = "1"
    import numpy.random  # noqa: F401 # every exercise uses it

    if "torch" in modules:
        _leave_out_the_compiler()
        import torch

        torch.set_num_threads(1)
        torch.set_num_interop_threads(1)
        torch.autograd.backward(torch.zeros(2, 2, requires_grad=True).sum())
        import jaxtyping  # noqa: F401 # every file with tensors begins with it
    if "optim" in modules:
        import torch._dynamo  # the first step of an optimizer imports it
    if "meta" in modules:
        import torch

        torch.zeros(1, device="meta").add(1)  # the first such operation imports 500 modules
    if "counting" in modules:
        import torch

        from grader.worker.counting import OpCounter

        with OpCounter().measuring():
            torch.zeros(2, 2).matmul(torch.zeros(2, 2))
    import grader.worker.process  # imported before the fork, once
    from grader.worker.sandbox import interpreter_trees

    interpreter_trees()  # looked up while a process may still look

    if tests:
        import _pytest.helpconfig
        import _pytest.setuponly
        import _pytest.setupplan
        import _pytest.skipping  # noqa: F401 # the tester is about to run pytest, which imports these when it starts

        import grader.tester.process
        import grader.tester.suite_run  # noqa: F401 # imported before the fork, once
    gc.freeze()
    gc.enable()


def _leave_out_the_compiler() -> None:
    """Before torch is imported: make its `_disable_dynamo` a decorator that does nothing.

    The functions under it would import the compiler at their first call, 800 modules that take as long as torch
    itself, only to be left alone by it. Judging compiles nothing. Where torch is built otherwise, nothing is changed.
    """
    package = importlib.util.find_spec("torch")
    path = Path(package.origin or "").with_name("_compile.py") if package is not None else None
    if path is None or not path.is_file() or "torch" in sys.modules:
        return
    spec = importlib.util.spec_from_file_location("torch._compile", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    if "_disable_dynamo" in vars(module):
        vars(module)["_disable_dynamo"] = lambda fn=None, recursive=True: fn if fn is not None else lambda later: later
        sys.modules["torch._compile"] = module
