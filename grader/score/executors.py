"""Who does the work: the judge of this machine, or the workers of a Dask scheduler."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

import msgspec

from grader.course.curriculum import Curriculum, load_curriculum
from grader.course.layout import Layout
from grader.errors import GraderError, UsageError
from grader.judge.client import Judge
from grader.learner.checking import modules_for
from grader.protocol.results import ExerciseResult, SuiteFinished
from grader.score.work import Prepared, Work, Workshop

NextWork = Callable[[], Work | None]


class Executor(Protocol):
    """Asks for work whenever it has room, until there is none and nothing is under way."""

    def run(self, next_work: NextWork) -> Iterator[tuple[Work, ExerciseResult]]: ...


class LocalExecutor:
    """The judge of this machine, `parallel` items at a time."""

    def __init__(self, layout: Layout, curriculum: Curriculum, judge: Judge, parallel: int) -> None:
        self.workshop = Workshop(layout, curriculum)
        self.judge = judge
        self.parallel = parallel

    def run(self, next_work: NextWork) -> Iterator[tuple[Work, ExerciseResult]]:
        ready: list[tuple[Work, ExerciseResult]] = []
        running: dict[str, Prepared] = {}

        def jobs() -> Iterator[Any]:
            while (work := next_work()) is not None:
                prepared = self.workshop.prepare(work)
                if prepared.job is None:
                    assert prepared.result is not None
                    ready.append((work, prepared.result))
                    prepared.close()
                    continue
                running[prepared.job.root] = prepared
                yield prepared.job

        while True:
            for job, event in self.judge.run(Resumable(jobs), self.parallel):
                yield from _drained(ready)
                if isinstance(event, SuiteFinished):
                    prepared = running.pop(job.root)
                    prepared.close()
                    yield prepared.work, event.result
            if not ready:
                return
            yield from _drained(ready)

    def close(self) -> None:
        self.workshop.close()


class Resumable:
    """An iterator that may be asked again after it ran dry: more work may have come up meanwhile."""

    def __init__(self, make: Callable[[], Iterator[Any]]) -> None:
        self.make = make

    def __iter__(self) -> Resumable:
        return self

    def __next__(self) -> Any:
        return next(self.make())


def _drained(ready: list[tuple[Work, ExerciseResult]]) -> Iterator[tuple[Work, ExerciseResult]]:
    while ready:
        yield ready.pop(0)


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

    def run(self, next_work: NextWork) -> Iterator[tuple[Work, ExerciseResult]]:
        waiting = self.distributed.as_completed(loop=self.client.loop)
        works: dict[Any, Work] = {}

        def fill() -> None:
            room = max(1, self.ahead * sum(self.client.nthreads().values()))
            while len(works) < room and (work := next_work()) is not None:
                payload = msgspec.msgpack.encode(work)
                future = self.client.submit(judge_remotely, str(self.layout.root), payload, pure=False, retries=3)
                works[future.key] = work
                waiting.add(future)

        fill()
        while works:
            future = next(waiting)
            try:
                result = msgspec.msgpack.decode(future.result(), type=ExerciseResult)
            except Exception as error:
                raise GraderError(f"a Dask worker could not judge {works[future.key].exercise}: {error}") from None
            yield works.pop(future.key), result
            fill()

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
        self.judge = Judge(modules_for(layout, curriculum, list(curriculum.graded)), keep_testers=True).__enter__()


def _station(root: str) -> Station:
    """This process's and thread's station; Dask gives each task a thread."""
    import threading

    local = threading.current_thread().__dict__
    key = f"grader-station-{os.getpid()}-{root}"
    if key not in local:
        local[key] = Station(root)
    station: Station = local[key]
    return station
