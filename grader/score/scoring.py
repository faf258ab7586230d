"""One scoring run: what is still to be judged, who has done it already, and what goes into the journal."""

from __future__ import annotations

import collections
import time
from collections.abc import Callable
from dataclasses import dataclass

from grader.course.curriculum import Curriculum, Exercise
from grader.course.layout import Layout
from grader.protocol.results import ExerciseResult, Verdict
from grader.score.executors import Executor
from grader.score.intake.submission import Submission
from grader.score.journal import Journal
from grader.score.work import Work, make_work, missing_result

NOT_SUBMITTED = "not handed in"


@dataclass(frozen=True)
class Advance:
    """How far a run is: items done of all, and the seconds that the rest will take at this pace."""

    done: int
    total: int
    seconds_left: float


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
        self.queue: collections.deque[Work] = collections.deque()
        self.waiting: dict[str, list[tuple[str, Work]]] = collections.defaultdict(list)
        self.owns: dict[tuple[str, str], tuple[str, ExerciseResult]] = {}
        self.submissions: dict[str, Submission] = {}
        self.done = self.total = 0

    def plan_all(self, submissions: list[Submission]) -> None:
        """Queue everything that the journal does not hold yet."""
        self.submissions = {submission.key: submission for submission in submissions}
        self.total = len(submissions) * len(self.exercises)
        for exercise in self.exercises:
            for submission in submissions:
                self.plan(submission, exercise)

    def run(self, executor: Executor, report: Callable[[Advance], None]) -> None:
        """Judge what is queued. Each item is in the journal before the next result is looked at."""
        already, started = self.done, time.monotonic()
        self._hand_over(executor)
        for work, result in executor.as_completed():
            self.arrived(work.digest, result)
            self._hand_over(executor)
            pace = (time.monotonic() - started) / max(1, self.done - already)
            report(Advance(self.done, self.total, pace * (self.total - self.done)))

    def _hand_over(self, executor: Executor) -> None:
        """Submit what is queued: a verdict may be a reason to judge again on the reference's parts."""
        while self.queue:
            executor.submit(self.queue.popleft())

    def plan(self, submission: Submission, exercise: Exercise) -> None:
        """Queue an item, unless the journal holds it or there is nothing to judge."""
        if exercise.name not in submission.files:
            reason = submission.problem or NOT_SUBMITTED
            result = missing_result(exercise, self.seed, reason)
            digest = f"none:{exercise.name}:{self.seed}:{reason}"
            self.finish(submission.key, exercise.name, (digest, result), None)
            return
        work = self.work(submission, exercise, carried=False)
        held = self.journal.digests(submission.key, exercise.name)
        if held is not None and held[0] == work.digest:
            self.done += 1
            return
        self.want(submission.key, work)

    def work(self, submission: Submission, exercise: Exercise, carried: bool) -> Work:
        return make_work(self.layout, self.curriculum, submission, exercise, self.seed, self.tier, carried)

    def want(self, student: str, work: Work) -> None:
        """Ask for a verdict: from the journal, from an equal item under way, or by judging."""
        known = self.journal.verdict(work.digest)
        if known is not None:
            self.deliver(student, work, known)
            return
        self.waiting[work.digest].append((student, work))
        if len(self.waiting[work.digest]) == 1:
            self.queue.append(work)

    def arrived(self, digest: str, result: ExerciseResult) -> None:
        """A verdict for everyone who handed in just this."""
        for student, work in self.waiting.pop(digest):
            self.deliver(student, work, result)

    def deliver(self, student: str, work: Work, result: ExerciseResult) -> None:
        key = (student, work.exercise)
        if work.carried:
            self.finish(student, work.exercise, self.owns.pop(key), (work.digest, result))
            return
        exercise = self.curriculum.get(work.exercise)
        if self.carry_forward and result.verdict is not Verdict.PASSED and work.parts:
            again = self.work(self.submissions[student], exercise, carried=True)
            if again.parts != work.parts:
                self.owns[key] = (work.digest, result)
                self.want(student, again)
                return
        self.finish(student, work.exercise, (work.digest, result), None)

    def finish(
        self,
        student: str,
        exercise: str,
        own: tuple[str, ExerciseResult],
        carried: tuple[str, ExerciseResult] | None,
    ) -> None:
        self.journal.record(student, exercise, own, carried)
        self.done += 1
