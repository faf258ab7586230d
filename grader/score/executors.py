"""Who does the work: the judge of this machine, or the workers of a Dask scheduler."""

from __future__ import annotations

import collections
import importlib
import os
import threading
from collections.abc import Callable, Iterator
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

Take = Callable[[], Work | None]


class Executor(Protocol):
    """Does work, and gives it back with its result.

    `take` gives the next work whenever there is room for it; None where there is none before another result.
    `changed` is called when other work runs than before, and now and then while nothing happens.
    """

    def as_completed(self, take: Take, changed: Callable[[], None]) -> Iterator[tuple[Work, ExerciseResult]]: ...

    def running(self) -> list[Work]: ...


class LocalExecutor:
    """The judge of this machine. Work is laid out shortly before its turn, so that few folders are open at a time."""

    def __init__(self, layout: Layout, curriculum: Curriculum, judge: Judge) -> None:
        self.workshop = Workshop(layout, curriculum)
        self.judge = judge
        self.ready: collections.deque[tuple[Work, ExerciseResult]] = collections.deque()
        self.under_way: dict[int, Prepared] = {}

    def running(self) -> list[Work]:
        """Work that is at the judge: one more item may wait there for its turn."""
        return [prepared.work for prepared in self.under_way.values()][: self.judge.parallel]

    def as_completed(self, take: Take, changed: Callable[[], None]) -> Iterator[tuple[Work, ExerciseResult]]:
        self.judge.pulse = changed
        self._prepare(take)
        changed()
        while self.ready or self.under_way:
            yield from self._without_run(take)
            for ticket, result in self.judge.as_completed():
                prepared = self.under_way.pop(ticket)
                prepared.close()
                yield prepared.work, result
                self._prepare(take)
                yield from self._without_run(take)
                changed()

    def _without_run(self, take: Take) -> Iterator[tuple[Work, ExerciseResult]]:
        """What has a result already, which may be a reason for more work."""
        while self.ready:
            yield self.ready.popleft()
            self._prepare(take)

    def _prepare(self, take: Take) -> None:
        """Lay out work until one job waits for the next free place."""
        while not self.judge.has_next() and (work := take()) is not None:
            prepared = self.workshop.prepare(work)
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
        self.under_way: dict[Any, Work] = {}

    def running(self) -> list[Work]:
        """Work that is at the workers, or next there."""
        return list(self.under_way.values())[: sum(self.client.nthreads().values())]

    def as_completed(self, take: Take, changed: Callable[[], None]) -> Iterator[tuple[Work, ExerciseResult]]:
        futures = self.distributed.as_completed(loop=self.client.loop)
        self._send(futures, take)
        while self.under_way:
            changed()
            future = next(futures)
            work = self.under_way.pop(future.key)
            try:
                result = msgspec.msgpack.decode(future.result(), type=ExerciseResult)
            except Exception as error:
                raise GraderError(f"a Dask worker could not judge {work.exercise}: {error}") from None
            yield work, result
            self._send(futures, take)
        changed()

    def _send(self, futures: Any, take: Take) -> None:
        """Keep the workers busy, with a little more than they can do at once."""
        room = max(1, self.ahead * sum(self.client.nthreads().values()))
        while len(self.under_way) < room and (work := take()) is not None:
            payload = msgspec.msgpack.encode(work)
            future = self.client.submit(judge_remotely, str(self.layout.root), payload, pure=False, retries=3)
            self.under_way[future.key] = work
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
