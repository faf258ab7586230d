"""The ways in which a test ends other than by passing, each carrying what will be shown."""

from __future__ import annotations

from grader.protocol.results import Call, Failure, Frame, Verdict


class SuiteFailure(Exception):
    """A test's finding. Whatever else a suite raises is looked into before anyone is blamed."""

    verdict = Verdict.FAILED

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


class StudentRaised(SuiteFailure):
    """The learner's code raised; `types` are the names of the exception's class and its bases."""

    def __init__(self, failure: Failure, types: tuple[str, ...], text: str) -> None:
        super().__init__(failure)
        self.types = types
        self.text = text
        if "NotImplementedError" in types:
            self.verdict = Verdict.TODO


class StudentTimeout(SuiteFailure):
    """The learner's code did not answer within the test's limit."""

    verdict = Verdict.TIMEOUT


class WorkerLost(SuiteFailure):
    """The process that runs the learner's code ended or answered something that is no answer."""


def raised_failure(call: Call, types: tuple[str, ...], text: str, frames: tuple[Frame, ...]) -> Failure:
    """What to say of an exception that came out of the learner's code."""
    name = types[0] if types else "exception"
    if "SystemExit" in types:
        message = f"`{call.name}` called sys.exit. Return a value instead; a program's end is not an answer."
    elif "KeyboardInterrupt" in types:
        message = f"`{call.name}` raised KeyboardInterrupt, which only a person at the keyboard should."
    elif "NotImplementedError" in types:
        message = f"`{call.name}` is still to do."
    elif "RecursionError" in types:
        message = f"`{call.name}` called itself without end: {text}"
    elif "MemoryError" in types or "can't allocate memory" in text:
        message = f"`{call.name}` asked for more memory than the limit allows: {text or 'MemoryError'}"
    else:
        message = f"`{call.name}` raised {name}: {text}" if text else f"`{call.name}` raised {name}."
    return Failure(message=message, call=call, frames=frames, place=frames[-1].place if frames else None)


class MutantTimeout(BaseException):
    """A mutant took too long; it explains nothing."""


class Stalled(BaseException):
    """The test itself does not come to an end over what the learner's code answered."""
