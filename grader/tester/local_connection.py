"""Code in the tester's own process: the reference, its mutants, and `--debug`. Values still cross as data."""

from __future__ import annotations

import bdb
import contextlib
import random
import resource
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.random import mtrand

from grader.protocol.jobs import Job, Solution
from grader.protocol.messages import Raised
from grader.protocol.wire import loaded_torch
from grader.tester.connection import Callback
from grader.worker import limits, loading
from grader.worker.request_handler import RequestHandler


class LocalConnection:
    """A module in this process, spoken to as if it were in another."""

    def __init__(self, module: Any, root: str, file: str = "", kind: type[RequestHandler] = RequestHandler) -> None:
        self.callback: Callback | None = None
        self.handler = kind(self._call_back, module, root, file)
        self.random = RandomState()

    def _call_back(self, number: int, args: list[Any], kwargs: dict[str, Any]) -> Any:
        assert self.callback is not None
        return self.callback(number, args, kwargs)

    @contextlib.contextmanager
    def memory(self, size: int) -> Iterator[None]:
        """The same bound as a worker gets, on this process, so that a mutant shows what the learner's code shows."""
        before = resource.getrlimit(resource.RLIMIT_AS)
        most = limits.mapped_bytes() + size
        lowest = most if before[0] == resource.RLIM_INFINITY else min(most, before[0])
        resource.setrlimit(resource.RLIMIT_AS, (lowest, before[1]))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_AS, before)

    def exchange(self, frame: bytes, callback: Callback) -> bytes:
        self.callback = callback
        with self.random.own():
            return self.handler.answer(self.handler.read(frame))


class RandomState:
    """Random state of its own for code that shares a process: what another draws does not move it.

    A worker has its own by nature; so a mutant draws what the learner's code drew.
    """

    def __init__(self) -> None:
        self.python = random.getstate()
        self.numpy = np.random.MT19937(0)
        self.torch = _torch_state()

    @contextlib.contextmanager
    def own(self) -> Iterator[None]:
        python, numpy, torch = random.getstate(), mtrand.get_bit_generator(), _torch_state()
        random.setstate(self.python)
        mtrand.set_bit_generator(self.numpy)
        _set_torch_state(self.torch)
        try:
            yield
        finally:
            self.python, self.torch = random.getstate(), _torch_state()
            random.setstate(python)
            mtrand.set_bit_generator(numpy)
            _set_torch_state(torch)


def connect_reference(job: Job, solution: Solution) -> LocalConnection:
    """The reference, imported from the solutions."""
    module = loading.load_exercise(job.module, solution.file, solution.root)
    return LocalConnection(module, solution.root)


class MutantModule:
    """The reference with a mistake in it, under a name of its own."""

    def __init__(self, job: Job, solution: Solution, source: str, folder: str) -> None:
        self.name = job.module + "__mutant"
        self.root = solution.root
        self.path = Path(folder) / f"mutant_{zlib.crc32(source.encode())}.py"  # lines are read from it when it raises
        self.path.write_text(source, encoding="utf-8")
        self.code = compile(source, str(self.path), "exec", dont_inherit=True)

    def connect(self) -> LocalConnection | None:
        """The module run anew: what a mutant keeps from one test is not there in the next. None if it cannot be run."""
        try:
            module = loading.run_code(self.name, self.path, self.code)
        except Exception:
            return None
        return LocalConnection(module, self.root, str(self.path))


class AttendedHandler(RequestHandler):
    """For code that a person looks into: `q` in the debugger, or Ctrl-C, ends the run and fails no test."""

    def describe_exception(self, error: BaseException) -> Raised:
        if isinstance(error, bdb.BdbQuit | KeyboardInterrupt):
            raise KeyboardInterrupt from None
        return super().describe_exception(error)


def connect_here(root: str) -> LocalConnection:
    """The learner's code in this process, with nothing imported yet: `--debug`."""
    return LocalConnection(None, root, kind=AttendedHandler)


def _torch_state() -> Any:
    torch = loaded_torch()
    return None if torch is None else torch.default_generator.get_state()


def _set_torch_state(state: Any) -> None:
    torch = loaded_torch()
    if torch is not None and state is not None:
        torch.default_generator.set_state(state)
