"""What a test may use: a time, and whatever else is looked at now and then."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

LAST_BOUND_FACTOR = 30.0  # of a limit, by the clock: what ends a wait that nothing else ends
DISK_FACTOR = 3.0  # of a limit: for so long it may wait for a disk
LOOK_EVERY_SECONDS = 0.1
SAMPLE_EVERY_SECONDS = 0.02
AT_A_DISK = "D"
MOST_BYTES = 4096  # in a file of /proc that is read here
TICKS = os.sysconf("SC_CLK_TCK")
IDLE_STATES = frozenset("STtZXx")  # asleep, stopped, gone; all others have a core, or wait for one or for a disk


class TimedOut(Exception):
    """The other side did not answer in time."""


class Overused(Exception):
    """The other side took more than its share of something; the message says of what."""


@dataclass(frozen=True)
class Usage:
    """What a process has had of the processor, and whether none of its threads wants any more at the moment.

    `delays` is how long each of its threads could run and had no core; None where the system does not count that.
    """

    processor_seconds: float
    is_idle: bool
    delays: Mapping[str, float] | None = None
    is_at_a_disk: bool = False


@dataclass(frozen=True)
class Look:
    """What was seen of the worker at one moment, and how long it had been waited for by then."""

    waited: float
    usage: Usage
    own_delay: float


class Idleness:
    """The seconds in which a worker was waited for and neither worked nor waited for a core or a disk.

    The system counts a wait for a core when the wait is over. So what lies before a look at a worker that wants one is
    counted anew at the next look, and is settled once the worker is seen to want none.
    """

    def __init__(self) -> None:
        self.seconds = self.settled = 0.0
        self.at_a_disk = 0.0
        self.first: Look | None = None
        self.latest: Look | None = None
        self.of_ended = 0.0

    def asked(self) -> None:
        """Where the delays are not known, that it was idle before says nothing of what follows."""
        if self.latest is not None and self.latest.usage.delays is None:
            self.first = self.latest = None

    def see(self, look: Look | None) -> None:
        """Add what has passed since the latest look."""
        before, first = self.latest, self.first
        if look is not None and before is not None and look.usage == before.usage and not look.usage.is_idle:
            return  # it has waited for a core all the time
        self.latest = look
        if look is None or before is None or first is None:
            self._start(look)
        elif look.usage.delays is None or before.usage.delays is None:
            # It must have been idle at both looks: at one alone, it may have answered a moment ago.
            if before.usage.is_idle and look.usage.is_idle:
                self.seconds += max(0.0, look.waited - before.waited - _worked(before, look))
            self._start(look)
        elif before.usage.is_at_a_disk or look.usage.is_at_a_disk:
            self.at_a_disk += max(0.0, look.waited - before.waited - _worked(before, look))
            self._start(look)
        else:
            self._count(first, before, look)

    def _start(self, look: Look | None) -> None:
        self.settled, self.first, self.of_ended = self.seconds, look, 0.0

    def _count(self, first: Look, before: Look, now: Look) -> None:
        # Of one thread: sixty that are woken at once wait for one another, and nobody is kept waiting by that.
        at_first, at_last, alive = first.usage.delays or {}, before.usage.delays or {}, now.usage.delays or {}
        ended = (at_last[thread] - at_first.get(thread, 0.0) for thread in at_last.keys() - alive.keys())
        self.of_ended = max(self.of_ended, *ended, 0.0)
        longest = max((alive[thread] - at_first.get(thread, 0.0) for thread in alive), default=0.0)
        without_core = max(longest, self.of_ended) + now.own_delay - first.own_delay
        self.seconds = self.settled + max(0.0, now.waited - first.waited - _worked(first, now) - without_core)
        if now.usage.is_idle:
            self._start(now)


def _worked(before: Look, now: Look) -> float:
    return now.usage.processor_seconds - before.usage.processor_seconds


class Allowance:
    """A test's time, so counted that a busy machine is not held against it.

    It is over once the worker has used the processor for so long, or has been idle for as long while it was waited for.
    The time in which it could run and had no core is neither; for that the clock has a bound far above, and for waits
    for a disk there is one of three limits. Where the
    system does not say what a process does (`usage` gives None), the clock alone counts. `overuse` says what there is
    too much of, or nothing. `own_delay` is how long this process had no core: it was not waiting for the worker then.
    """

    def __init__(
        self,
        seconds: float,
        usage: Callable[[], Usage | None],
        overuse: Callable[[], str] = str,
        clock: Callable[[], float] = time.monotonic,
        own_delay: Callable[[], float] = float,
    ) -> None:
        self.seconds = seconds
        self.usage = usage
        self.overuse = overuse
        self.clock = clock
        self.own_delay = own_delay
        self.started = clock()
        self.next_look = self.started + LOOK_EVERY_SECONDS
        before = usage()
        self.processor_started = before.processor_seconds if before is not None else 0.0
        self.waited = self.sampled = 0.0
        self.idleness = Idleness()
        self.timed_out = False
        self.since: float | None = None
        self.wait_anew()

    def wait_anew(self) -> None:
        """Something has crossed between the two sides. From now on it is the worker that is waited for."""
        self.since = self.clock()
        self.idleness.asked()

    def answered(self) -> None:
        """The worker is not waited for any more."""
        self._add_waiting()
        self.since = None

    def check(self) -> None:
        """Raise once the allowance is used up, in time or in anything else. To be called while the worker works."""
        self._add_waiting()
        if self.waited - self.sampled >= SAMPLE_EVERY_SECONDS:
            self._sample()
        if self.exceeded():
            self.timed_out = True
            raise TimedOut
        if self.clock() >= self.next_look:
            self.look()

    def _add_waiting(self) -> None:
        if self.since is not None:
            now = self.clock()
            self.waited += now - self.since
            self.since = now

    def _sample(self) -> None:
        """Count what the worker did with the time for which it was waited since the latest look: nothing, or else."""
        self.sampled = self.waited
        usage = self.usage()
        self.idleness.see(None if usage is None else Look(self.waited, usage, self.own_delay()))

    @property
    def idle(self) -> float:
        """The seconds in which the worker was waited for and did not want a core."""
        return self.idleness.seconds

    def look(self) -> None:
        """Raise if the worker has too much of something."""
        self.next_look = self.clock() + LOOK_EVERY_SECONDS
        if text := self.overuse():
            raise Overused(text)

    def used(self) -> float:
        """The seconds of work and idleness so far, or those of the clock where no others are known."""
        usage = self.usage()
        found = self._wall() if usage is None else usage.processor_seconds - self.processor_started + self.idle
        return max(found, self.seconds) if self.timed_out else found

    def exceeded(self) -> bool:
        """Whether the time is over."""
        wall = self._wall()
        if wall < self.seconds:
            return False
        usage = self.usage()
        if usage is None:
            return True
        work = usage.processor_seconds - self.processor_started
        at_a_disk = self.idleness.at_a_disk / DISK_FACTOR
        return max(work, self.idle, at_a_disk, wall / LAST_BOUND_FACTOR) >= self.seconds

    def _wall(self) -> float:
        return self.clock() - self.started


def usage_of(pid: int) -> Usage | None:
    """What a process uses, where the system says so without being asked twice."""
    fields = _fields(f"/proc/{pid}/stat")
    if not fields:
        return None
    tasks = [""] if int(fields[17]) <= 1 else [f"task/{task}/" for task in _tasks(pid)]
    is_idle = fields[0] in IDLE_STATES and (len(tasks) == 1 or _sleeps_whole(pid, tasks))
    worked = (int(fields[11]) + int(fields[12])) / TICKS
    return Usage(worked, is_idle, _delays(pid, tasks), fields[0] == AT_A_DISK)


def own_delay() -> float:
    """How long this process could run and had no core, as far as the system says."""
    return (_delays(os.getpid(), [""]) or {}).get("", 0.0)


def _tasks(pid: int) -> list[str]:
    try:
        return os.listdir(f"/proc/{pid}/task")
    except OSError:
        return []


def _sleeps_whole(pid: int, tasks: list[str]) -> bool:
    """Whether all threads are idle: the state of a process is that of its first one."""
    states = (_fields(f"/proc/{pid}/{task}stat")[:1] for task in tasks)
    return all(state[0] in IDLE_STATES for state in states if state)


def _delays(pid: int, tasks: list[str]) -> dict[str, float] | None:
    """The seconds for which each thread waited for a core; None where the system does not count them."""
    found = {}
    for task in tasks:
        try:
            found[task] = int(_read(f"/proc/{pid}/{task}schedstat").split()[1]) / 1e9
        except (OSError, IndexError, ValueError):
            return None
    return found


def thread_count(pid: int) -> int:
    """How many threads a process has; 0 where the system does not say."""
    fields = _fields(f"/proc/{pid}/stat")
    return int(fields[17]) if fields else 0


def _fields(path: str) -> list[str]:
    """What the kernel says of a process or a thread, after its name (which the process may have chosen)."""
    try:
        return _read(path).decode("latin-1").rsplit(")", 1)[1].split()
    except (OSError, IndexError):
        return []


def _read(path: str) -> bytes:
    """A short file of the kernel's. Each test reads several, and `open` takes longer than the kernel."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(descriptor, MOST_BYTES)
    finally:
        os.close(descriptor)
