"""What is left of a finding that its learner is not to see: the verdict, and what is ours alone.

The code under test has seen the inputs of its test, and on the reference's earlier parts it can read these. Its values,
its exceptions, its prints and even the names that it gives to things could quote them. So nothing of all that is kept.
"""

from __future__ import annotations

import os

import msgspec

from grader.protocol.jobs import Job, JudgeMode, Shown
from grader.protocol.results import Failure, Place, TestResult, Verdict
from grader.tester.source_tree import PART

TEXTS = {
    Verdict.FAILED: "It does not pass; more is not shown of this run.",
    Verdict.TODO: "It meets something that is still to do.",
    Verdict.TIMEOUT: "It runs out of time.",
    Verdict.BLOCKED: "It needs an earlier part that is still to do.",
    Verdict.ERROR: "The grader itself failed in it; `grader check` on this file, with the same --seed, says why.",
}


def shown(job: Job) -> Shown:
    """How much of a job's findings is kept."""
    return job.mode.shown if isinstance(job.mode, JudgeMode) else Shown.ALL


def concealed(job: Job, test: TestResult) -> TestResult:
    """The test with its verdict and the mistake, whose words are ours."""
    failure = concealed_failure(job, test.verdict, test.failure) if test.failure is not None else None
    return msgspec.structs.replace(test, failure=failure, output="", notes=())


def concealed_failure(job: Job, verdict: Verdict, failure: Failure) -> Failure:
    """A sentence of ours, and which file used up the time or the memory."""
    return Failure(
        TEXTS.get(verdict, ""),
        place=_file_alone(job, failure.place),
        exhausted=failure.exhausted,
        blocked_by=failure.blocked_by,
    )


def _file_alone(job: Job, place: Place | None) -> Place | None:
    """The file of a place, if there is one of this name: a name of its own choice could tell something, too."""
    name = place.file.rpartition(".")[0] if place is not None else ""
    is_there = bool(PART.match(name)) and os.path.exists(f"{job.learner.root}/{name}.py")
    return Place(place.file) if place is not None and is_there else None
