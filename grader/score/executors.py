"""Who does the work: the judge of this machine, or the workers of a Dask scheduler."""

from __future__ import annotations

import collections
import importlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import msgspec

from grader.course.curriculum import Curriculum, load_curriculum
from grader.course.layout import Layout
from grader.errors import GraderError, UsageError
from grader.judge.client import Judge
from grader.judge.libraries import libraries_for
from grader.protocol.results import ExerciseResult
from grader.score.work import Prepared, Work, Workshop


class Executor(Protocol):
    """Takes work, and gives it back with its result. More may be submitted while results come in."""

    def submit(self, work: Work) -> None: ...

    def as_completed(self) -> Iterator[tuple[Work, ExerciseResult]]: ...


class LocalExecutor:
    """The judge of this machine. Work is laid out shortly before its turn, so that few folders are open at a time."""

    def __init__(self, layout: Layout, curriculum: Curriculum, judge: Judge) -> None:
        self.workshop = Workshop(layout, curriculum)
        self.judge = judge
        self.waiting: collections.deque[Work] = collections.deque()
        self.ready: collections.deque[tuple[Work, ExerciseResult]] = collections.deque()
        self.under_way: dict[int, Prepared] = {}

    def submit(self, work: Work) -> None:
        self.waiting.append(work)

    def as_completed(self) -> Iterator[tuple[Work, ExerciseResult]]:
        self._prepare()
        while self.ready or self.under_way:
            yield from self._without_run()
            for ticket, result in self.judge.as_completed():
                prepared = self.under_way.pop(ticket)
                prepared.close()
                yield prepared.work, result
                self._prepare()
                yield from self._without_run()

    def _without_run(self) -> Iterator[tuple[Work, ExerciseResult]]:
        """What has a result already, which may be a reason to submit more."""
        while self.ready:
            yield self.ready.popleft()
            self._prepare()

    def _prepare(self) -> None:
        """Lay out work until one job waits for the next free place."""
        while self.waiting and not self.judge.has_next():
            prepared = self.workshop.prepare(self.waiting.popleft())
            if prepared.job is None:
                assert prepared.result is not None
                self.ready.append((prepared.work, prepared.result))
                prepared.close()
            else:
                self.under_way[self.judge.submit(prepared.job)] = prepared

    def close(self) -> None:
        self.workshop.close()


class DaskExecutor:
    """The workers of a `dask.distributed` scheduler. Items of a lost worker are done again by another."""

    def __init__(self, layout: Layout, address: str, ahead: int = 2) -> None:
        try:
            self.distributed: Any = importlib.import_module("distributed")
        except ImportError:
            hint = "python -m pip install -c constraints.txt -e '.[dask]'"
            raise UsageError("--dask needs the package `distributed`", hint) from None
        try:
            self.client = self.distributed.Client(address, timeout=20, set_as_default=False)
        except (OSError, TimeoutError, ValueError) as error:
            raise UsageError(f"no Dask scheduler answers at {address}: {error}") from None
        self.layout = layout
        self.ahead = ahead
        self.waiting: collections.deque[Work] = collections.deque()

    def submit(self, work: Work) -> None:
        self.waiting.append(work)

    def as_completed(self) -> Iterator[tuple[Work, ExerciseResult]]:
        futures = self.distributed.as_completed(loop=self.client.loop)
        under_way: dict[Any, Work] = {}
        self._send(futures, under_way)
        while under_way:
            future = next(futures)
            work = under_way.pop(future.key)
            try:
                result = msgspec.msgpack.decode(future.result(), type=ExerciseResult)
            except Exception as error:
                raise GraderError(f"a Dask worker could not judge {work.exercise}: {error}") from None
            yield work, result
            self._send(futures, under_way)

    def _send(self, futures: Any, under_way: dict[Any, Work]) -> None:
        """Keep the workers busy, with a little more than they can do at once."""
        room = max(1, self.ahead * sum(self.client.nthreads().values()))
        while self.waiting and len(under_way) < room:
            work = self.waiting.popleft()
            payload = msgspec.msgpack.encode(work)
            future = self.client.submit(judge_remotely, str(self.layout.root), payload, pure=False, retries=3)
            under_way[future.key] = work
            futures.add(future)

    def close(self) -> None:
        self.client.close()


def judge_remotely(root: str, payload: bytes) -> bytes:
    """On a Dask worker: judge one item with this process's own judge, started once."""
    work = msgspec.msgpack.decode(payload, type=Work)
    station = _station(root)
    prepared = station.workshop.prepare(work)
    try:
        result = prepared.result if prepared.job is None else station.judge.judge(prepared.job)
    finally:
        prepared.close()
    return msgspec.msgpack.encode(result)


class Station:
    """What a Dask worker process keeps between items."""

    def __init__(self, root: str) -> None:
        layout = Layout(Path(root))
        curriculum = load_curriculum(layout)
        self.workshop = Workshop(layout, curriculum)
        self.judge = Judge(libraries_for(layout, curriculum, curriculum.graded), keep_testers=True).__enter__()


def _station(root: str) -> Station:
    """This process's and thread's station; Dask gives each task a thread."""
    local = threading.current_thread().__dict__
    key = f"grader-station-{os.getpid()}-{root}"
    if key not in local:
        local[key] = Station(root)
    station: Station = local[key]
    return station
