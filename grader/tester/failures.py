"""The ways in which a test ends other than by passing, each carrying what will be shown."""

from __future__ import annotations

from collections.abc import Callable

from grader.protocol.results import Failure, Verdict


class SuiteFailure(Exception):
    """A test's finding. Whatever else a suite raises is looked into before anyone is blamed.

    Its words may be worked out when they are asked for: of a mutant mostly nobody does.
    """

    verdict = Verdict.FAILED

    def __init__(self, failure: Failure | Callable[[], Failure]) -> None:
        super().__init__()
        self._failure = failure

    @property
    def failure(self) -> Failure:
        """What will be shown."""
        if not isinstance(self._failure, Failure):
            self._failure = self._failure()
        return self._failure

    def settle(self) -> None:
        """Work the words out now."""
        self._failure = self.failure

    def __str__(self) -> str:
        return self.failure.message


class StudentRaised(SuiteFailure):
    """The learner's code raised; `types` are the names of the exception's class and its bases.

    `explained` says that the failure's message holds more than the exception's own words.
    """

    def __init__(
        self,
        failure: Failure,
        types: tuple[str, ...],
        text: str,
        verdict: Verdict = Verdict.FAILED,
        explained: bool = False,
    ) -> None:
        super().__init__(failure)
        self.types = types
        self.text = text
        self.verdict = verdict
        self.explained = explained


class StudentTimeout(SuiteFailure):
    """The learner's code did not answer within the test's limit."""

    verdict = Verdict.TIMEOUT


class WorkerLost(SuiteFailure):
    """The process that runs the learner's code ended or answered something that is no answer."""


class MutantTimeout(BaseException):
    """A mutant took too long; it explains nothing."""


class Stalled(BaseException):
    """The test itself does not come to an end over what the learner's code answered."""
