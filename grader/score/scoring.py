"""One scoring run: what is still to be judged, who has done it already, and what goes into the journal."""

from __future__ import annotations

import collections
import time
from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from grader.course.curriculum import Curriculum, Exercise
from grader.course.layout import Layout
from grader.judge.pace import Pace
from grader.protocol.results import ExerciseResult, Exhausted, Verdict
from grader.score.executors import Executor
from grader.score.exhaustion import NOT_RUN, exhausted_in, not_run_result
from grader.score.intake.submission import Submission
from grader.score.journal import Journal
from grader.score.marks import NOT_HANDED_IN
from grader.score.work import Work, make_work, missing_result

PILOTS = 3  # students whose work is judged first, all of it: so what each exercise takes is soon known


@dataclass(frozen=True)
class Advance:
    """How far a run is: items done of all, whose work on which exercise runs, and the seconds that the rest will take.

    `preparing` is what is done before anything is judged. `seconds_left` is None while little is known.
    """

    preparing: str = ""
    done: int = 0
    total: int = 0
    running: tuple[tuple[str, str], ...] = ()
    seconds_left: float | None = None


@dataclass(frozen=True)
class Planned:
    """An item that the journal does not hold, on the student's own earlier parts."""

    student: str
    work: Work


class Scorer:
    """Judges every exercise of every submission that the journal does not hold yet."""

    def __init__(
        self,
        layout: Layout,
        curriculum: Curriculum,
        journal: Journal,
        exercises: list[Exercise],
        seed: int,
        tier: str,
        carry_forward: bool,
    ) -> None:
        self.layout = layout
        self.curriculum = curriculum
        self.journal = journal
        self.exercises = exercises
        self.seed = seed
        self.tier = tier
        self.carry_forward = carry_forward
        self.planned: collections.deque[Planned] = collections.deque()
        self.again: collections.deque[Work] = collections.deque()
        self.waiting: dict[str, list[tuple[str, Work]]] = collections.defaultdict(list)
        self.owns: dict[tuple[str, str], tuple[str, ExerciseResult]] = {}
        self.submissions: dict[str, Submission] = {}
        self.open: set[tuple[str, str]] = set()  # no verdict on the student's own parts yet
        self.passed: set[tuple[str, str]] = set()
        self.exhausted: dict[str, dict[str, Exhausted]] = collections.defaultdict(dict)
        self.pace = Pace()
        self.done = self.total = 0

    # -- what is to be judged -------------------------------------------------------------------------

    def plan_all(self, submissions: list[Submission]) -> None:
        """Plan everything that the journal does not hold yet: one exercise after the other, but for the first few."""
        self.submissions = {submission.key: submission for submission in submissions}
        self.total = len(submissions) * len(self.exercises)
        for submission in submissions[:PILOTS]:
            for exercise in self.exercises:
                self.plan(submission, exercise)
        for exercise in self.exercises:
            for submission in submissions[PILOTS:]:
                self.plan(submission, exercise)

    def plan(self, submission: Submission, exercise: Exercise) -> None:
        """Plan an item, unless the journal holds it or there is nothing to judge."""
        if exercise.name not in submission.files:
            reason = submission.problem or NOT_HANDED_IN
            result = missing_result(exercise, self.seed, reason)
            digest = f"none:{exercise.name}:{self.seed}:{reason}"
            self.finish(submission.key, exercise.name, (digest, result), None)
            return
        work = self.work(submission, exercise, carried=False)
        held = self._held(submission.key, work)
        if held is not None:
            self._note(submission.key, work, held)
            self.done += 1
            return
        self.planned.append(Planned(submission.key, work))
        self.open.add((submission.key, exercise.name))

    def _held(self, student: str, work: Work) -> ExerciseResult | None:
        """The verdict that the journal holds of this very work. One that was the kit's fault is no verdict."""
        held = self.journal.digests(student, work.exercise)
        good = (work.digest, NOT_RUN + work.digest) if self.carry_forward else (work.digest,)
        if held is None or held[0] not in good or (held[1] is not None and self.journal.verdict(held[1]) is None):
            return None
        return self.journal.verdict(held[0])

    def work(self, submission: Submission, exercise: Exercise, carried: bool) -> Work:
        return make_work(self.layout, self.curriculum, submission, exercise, self.seed, self.tier, carried)

    # -- the run --------------------------------------------------------------------------------------

    def run(self, executor: Executor, report: Callable[[Advance], None]) -> None:
        """Judge what is planned. Each item is in the journal before the next result is looked at."""
        started = time.monotonic()

        def tell() -> None:
            left = self.pace.left(self._remaining(), time.monotonic() - started)
            running = tuple((self._students_of(work), work.exercise) for work in executor.running())
            report(Advance("", self.done, self.total, running, left))

        for work, result in executor.as_completed(self.take, tell):
            self.pace.add(work.exercise, result.seconds)
            self.arrived(work.digest, result)

    def _remaining(self) -> collections.Counter[str]:
        """How many runs are left of each exercise, as far as that is known."""
        counts = collections.Counter(item.work.exercise for item in self.planned)
        counts.update(waiting[0][1].exercise for waiting in self.waiting.values())
        return counts

    def _students_of(self, work: Work) -> str:
        """Whose work it is; several may have handed in the same."""
        waiting = self.waiting.get(work.digest, [])
        more = f" and {len(waiting) - 1} more" if len(waiting) > 1 else ""
        return self.submissions[waiting[0][0]].student + more if waiting else ""

    def take(self) -> Work | None:
        """The next work to be done, None where there is none before another verdict is there."""
        while not self.again:
            item = next((item for item in self.planned if self._is_ready(item)), None)
            if item is None:
                return None
            self.planned.remove(item)
            self._begin(item)
        return self.again.popleft()

    def _is_ready(self, item: Planned) -> bool:
        """Whether it is known of all earlier parts if they ran out of time."""
        return not any((item.student, part) in self.open for part in item.work.parts)

    def _begin(self, item: Planned) -> None:
        """Ask for a verdict: at once on the reference's parts where the student's own would use up the time again."""
        student, work = item.student, item.work
        exercise = self.curriculum.get(work.exercise)
        replaced = [part.name for part in self.curriculum.prerequisites_of(exercise) if part.name in work.parts]
        blocking = {name: self.exhausted[student][name] for name in replaced if name in self.exhausted[student]}
        if not (self.carry_forward and blocking):
            wrong = self.carry_forward and any((student, name) not in self.passed for name in replaced)
            self.want(student, msgspec.structs.replace(work, on_wrong_parts=wrong))
            return
        own = not_run_result(exercise, work, blocking)
        self._note(student, work, own)
        self.owns[student, work.exercise] = (NOT_RUN + work.digest, own)
        self.want(student, self.work(self.submissions[student], exercise, carried=True))

    def want(self, student: str, work: Work) -> None:
        """Ask for a verdict: from the journal, from an equal item under way, or by judging."""
        known = self.journal.verdict(work.digest)
        if known is not None:
            self.deliver(student, work, known)
            return
        self.waiting[work.digest].append((student, work))
        if len(self.waiting[work.digest]) == 1:
            self.again.append(work)

    # -- verdicts -------------------------------------------------------------------------------------

    def arrived(self, digest: str, result: ExerciseResult) -> None:
        """A verdict for everyone who handed in just this."""
        for student, work in self.waiting.pop(digest):
            self.deliver(student, work, result)

    def deliver(self, student: str, work: Work, result: ExerciseResult) -> None:
        key = (student, work.exercise)
        if work.carried:
            self.finish(student, work.exercise, self.owns.pop(key), (work.digest, result))
            return
        self._note(student, work, result)
        exercise = self.curriculum.get(work.exercise)
        if self.carry_forward and result.verdict is not Verdict.PASSED and not self._is_own_hang(student, work, result):
            again = self.work(self.submissions[student], exercise, carried=True)
            if again.parts != work.parts:
                self.owns[key] = (work.digest, result)
                self.want(student, again)
                return
        self.finish(student, work.exercise, (work.digest, result), None)

    def _note(self, student: str, work: Work, result: ExerciseResult) -> None:
        """What the verdict on the student's own parts says of what rests on them."""
        self.open.discard((student, work.exercise))
        if result.verdict is Verdict.PASSED:
            self.passed.add((student, work.exercise))
        self.exhausted[student] |= self._exhausted(student, work, result)

    def _exhausted(self, student: str, work: Work, result: ExerciseResult) -> dict[str, Exhausted]:
        """The parts that used up time or memory. One that has passed its own suite was called too often instead."""
        found = exhausted_in(work, result)
        return {(work.exercise if (student, name) in self.passed else name): what for name, what in found.items()}

    def _is_own_hang(self, student: str, work: Work, result: ExerciseResult) -> bool:
        """Whether the file used up its time by itself: on right parts it would do so again."""
        if not all((student, part) in self.passed for part in work.parts):
            return False  # a wrong answer of an earlier part may be why its loop does not end
        return set(self._exhausted(student, work, result)) == {work.exercise}

    def finish(
        self,
        student: str,
        exercise: str,
        own: tuple[str, ExerciseResult],
        carried: tuple[str, ExerciseResult] | None,
    ) -> None:
        self.journal.record(student, exercise, own, carried)
        self.done += 1
