"""A few failed tests once more, on both sides: at one call of each the same is asked again, and with changes."""

from __future__ import annotations

import contextlib
import dataclasses
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from grader.protocol.results import Call, TestResult, Verdict
from grader.protocol.wire import loaded_torch
from grader.tester import call_shapes, transcript_shapes
from grader.tester.answers import Answer, Answers, Observed, differ, is_data, same
from grader.tester.asking import SEED, Asker, Budget, TimeLimit
from grader.tester.compare import as_array, is_array
from grader.tester.failures import SuiteFailure
from grader.tester.gradient_shapes import doubtful_parameters
from grader.tester.local_connection import LocalConnection
from grader.tester.opaque import Opaque
from grader.tester.peer import Peer
from grader.tester.runner import TestRunner, is_hidden
from grader.tester.transcript import Entry, Transcript
from grader.tester.transcript_shapes import Exchange, differing
from grader.tester.variations import Change, Kind, variations
from grader.tester.watch import Asked, Watch

MOST_PLACES, MOST_SENTENCES = 2, 2
LEARNERS_CALLS, REFERENCES_CALLS = 16, 30
SECONDS, CLOCK_SECONDS, SLOW_SECONDS = 2.0, 20.0, 2.0
MOST_VALUES = 200_000  # of all arguments
NO_CALL = -1


def call_facts(
    runner: TestRunner,
    items: Mapping[str, pytest.Item],
    results: Mapping[str, TestResult],
    transcripts: Mapping[str, Transcript],
) -> dict[str, tuple[str, ...]]:
    """For a few failed tests what several calls show. A hidden test is not run again."""
    found: dict[str, tuple[str, ...]] = {}
    worker = runner.worker
    if worker is None or runner.reference.connection is None:
        return found
    time_limit = TimeLimit(lambda: worker.seconds_used + time.process_time(), SECONDS, CLOCK_SECONDS)
    public = {name: result for name, result in results.items() if not is_hidden(items[name])}
    for name, number in _places(runner, public, transcripts):
        if time_limit.is_over:
            break
        entries = transcripts[name].entries
        prober = Prober(runner, items[name], number, entries, _subject(entries[number], results[name]), time_limit)
        if facts := tuple(prober.facts())[:MOST_SENTENCES]:
            found[name] = facts
    return found


def _places(
    runner: TestRunner, results: Mapping[str, TestResult], transcripts: Mapping[str, Transcript]
) -> list[tuple[str, int]]:
    """The tests and the calls to ask about: of different functions, or else with other arguments given, most first."""
    numbers = {name: _call_number(runner, result, transcripts) for name, result in results.items()}
    places = {name: number for name, number in numbers.items() if number is not None}
    functions: dict[str, str] = {}
    forms: dict[tuple[str, ...], str] = {}
    for name, number in places.items():
        entry = transcripts[name].entries[number]
        functions.setdefault(entry.path, name)
        forms.setdefault((entry.path, *(label for label, _ in entry.call.arguments)), name)
    others = [forms[form] for form in sorted(forms, key=len, reverse=True)]
    chosen = list(dict.fromkeys([*functions.values(), *others]))[:MOST_PLACES]
    return [(name, places[name]) for name in chosen]


def _call_number(runner: TestRunner, result: TestResult, transcripts: Mapping[str, Transcript]) -> int | None:
    """Which exchange to ask about, where nothing explains the failure: its own call, or else the last one of a test."""
    failure = result.failure
    if result.verdict is not Verdict.FAILED or result.mistake or failure is None or failure.exhausted is not None:
        return None
    if failure.frames or result.seconds > SLOW_SECONDS:
        return None
    called = failure.call or Call("")
    promised = runner.student.contract.parameters
    numbers = [
        number
        for number, entry in enumerate(transcripts[result.name].entries)
        if entry.path and not entry.raised and (entry.call == called if entry.path == called.name else not called.name)
        if is_data(entry.value) and (called.name or entry.path in promised) and _is_small(entry)
    ]
    return numbers[-1] if numbers else None


def _is_small(entry: Entry) -> bool:
    """Whether all that went in can be sent a few times more, and as often as one likes."""
    values = [*entry.args, *entry.kwargs.values()]
    return all(_is_plain(value) for value in values) and sum(map(_size, values)) <= MOST_VALUES


def _is_plain(value: Any) -> bool:
    if type(value) in (list, tuple):
        return all(map(_is_plain, value))
    plain = value is None or is_array(value) or isinstance(value, bool | int | float | str | Opaque)
    return plain or _is_generator(value)


def _is_generator(value: Any) -> bool:
    torch = loaded_torch()
    return isinstance(value, np.random.Generator) or (torch is not None and isinstance(value, torch.Generator))


def _size(value: Any) -> int:
    array = as_array(value) if is_array(value) else None
    return array.size if array is not None else len(value) if isinstance(value, str | list | tuple) else 1


def _subject(entry: Entry, result: TestResult) -> str:
    """What sentences speak of: the result that the failure shows, or another one by its name."""
    assert result.failure is not None
    is_shown = result.failure.call is not None and result.failure.call == entry.call
    return "The result" if is_shown else f"The result of `{entry.path.removesuffix('.forward')}`"


class Prober:
    """One call of one test, asked about on both sides."""

    def __init__(
        self,
        runner: TestRunner,
        item: pytest.Item,
        number: int,
        entries: list[Entry],
        subject: str,
        time_limit: TimeLimit,
    ) -> None:
        self.runner = runner
        self.item = item
        self.number = number
        self.entry = entries[number]
        self.has_earlier = any(entry.path == self.entry.path for entry in entries[:number])
        self.subject = subject
        self.time_limit = time_limit

    def facts(self) -> Iterator[str]:
        """What the calls of the test say, and, where the reference is there to be asked, what further ones say."""
        if not isinstance(self.runner.reference.connection, LocalConnection):
            calls = self._recorded() if self.has_earlier else []
            yield from _told(calls, (), self.subject)
            return
        right = Side(self._budget(REFERENCES_CALLS), answers_of_reference)
        self._follow_the_reference(right)
        if right.answers is None:
            return
        wanted = right.answers
        mine = Side(self._budget(LEARNERS_CALLS), lambda asker: answers_of_learner(asker, wanted))
        self._follow_the_learner(mine)
        if mine.answers is None or not self._is_the_same_call(mine, right):
            return
        passed = mine.asked[self.number].arguments
        generators = tuple(name for name, value in passed.items() if _is_generator(value))
        arrays = tuple(value for value in passed.values() if is_array(value))
        earlier, alone = Answer(self.entry.value, given=True), self._alone(mine, wanted)
        observed = Observed(mine.answers, wanted, earlier, alone, self.subject, generators, arrays)
        yield from _told(exchanges(mine, right, self.number), call_shapes.sentences(observed), self.subject)

    def _alone(self, mine: Side, wanted: Answers) -> Answer:
        """The learner's answer to the same call of a function, if that may matter, where none was made before it."""
        assert mine.answers is not None
        is_function, has_earlier = "." not in self.entry.path, any(place < self.number for place in mine.asked)
        passed = mine.asked[self.number]
        if not (is_function and has_earlier and differ(mine.answers.seeded, wanted.seeded)):
            return Answer()
        if any(isinstance(value, Opaque) for value in passed.arguments.values()) or not self._prepare():
            return Answer()
        peer = self.runner.student
        with contextlib.suppress(SuiteFailure):
            peer.begin(SEED)
            target = peer.lookup(None, self.entry.path, "")
            return Asker(peer, target, self.entry, passed, self._budget(1)).ask(seed=SEED)
        return Answer()

    def _budget(self, calls: int) -> Budget:
        return Budget(calls, self.time_limit)

    def _is_the_same_call(self, mine: Side, right: Side) -> bool:
        """Whether the test went the same way as before on both sides, and passed the same."""
        mine_asked, right_asked = mine.asked.get(self.number), right.asked.get(self.number)
        if mine_asked is None or right_asked is None or mine.path != self.entry.path or right.path != mine.path:
            return False
        return _are_equal(mine_asked, right_asked)

    # -- the test once more ---------------------------------------------------------------------------

    def _follow_the_reference(self, side: Side) -> None:
        runner, connection = self.runner, self.runner.reference.connection
        assert isinstance(connection, LocalConnection)
        transcript = runner.student.transcript
        with side.watching(runner.student, self.number):
            runner.replay(self.item, connection, runner.limit_of(self.item))
        runner.student.transcript = transcript

    def _follow_the_learner(self, side: Side) -> None:
        """In a fresh process, under the same random state."""
        if self._prepare():
            with side.watching(self.runner.student, self.number):
                self.runner.execute(self.item, None)

    def _prepare(self) -> bool:
        return self.runner.prepare_afresh(min(self.runner.limit_of(self.item), SECONDS))

    def _recorded(self) -> list[Exchange]:
        """The test's calls beside the recorded answers of the reference to the same ones, where it was asked."""
        if not self._prepare():
            return []
        mine, right = Side(self._budget(0), None), Side(self._budget(0), None)
        with mine.watching(self.runner.student, NO_CALL), right.watching(self.runner.reference, NO_CALL):
            self.runner.execute(self.item, None)
        return recorded_exchanges(mine, right, self.number) if self.number in mine.asked else []


def _told(calls: Sequence[Exchange], others: Iterable[str], subject: str) -> Iterator[str]:
    """What the test's own calls show, or else what others do; that two calls are equal only where there is no more."""
    kept = transcript_shapes.kept_state(calls) if calls else None
    found = [kept] if kept else list(others)
    equal = transcript_shapes.merged(calls, subject) if calls and not found else None
    yield from [equal] if equal else found


class Side:
    """What one side's run of the test gave: its exchanges up to the call, and the answers to what was asked there."""

    def __init__(self, budget: Budget, question: Callable[[Asker], Answers] | None) -> None:
        self.budget = budget
        self.question = question
        self.answers: Answers | None = None
        self.entries: list[Entry] = []
        self.asked: Mapping[int, Asked] = {}

    @property
    def path(self) -> str:
        return self.entries[-1].path if self.entries else ""

    @contextlib.contextmanager
    def watching(self, peer: Peer, number: int) -> Iterator[None]:
        """Gather what crosses at this peer, and ask at the call of this number."""
        watch = Watch(
            number, contextlib.nullcontext, lambda entry, target: self._seen(peer, watch, entry, target), False
        )
        peer.watch = watch
        try:
            yield
        finally:
            peer.watch = None
            if not self.entries:
                self.entries, self.asked = list(peer.transcript.entries), watch.asked

    def _seen(self, peer: Peer, watch: Watch, entry: Entry, target: Any) -> None:
        """The call has its answer. What is asked now is not part of the test."""
        peer.watch = None
        transcript, peer.transcript = peer.transcript, Transcript()
        self.entries, self.asked = [*transcript.entries[: watch.number], entry], watch.asked
        try:
            if self.question is not None:
                self.answers = self.question(
                    Asker(peer, target, entry, watch.asked[len(transcript.entries) - 1], self.budget)
                )
        except SuiteFailure:
            self.answers = None
        finally:
            peer.transcript = transcript


# -- what is asked ------------------------------------------------------------------------------------


def answers_of_reference(asker: Asker) -> Answers:
    """Everything that the learner's may be compared with."""
    answers = asker.answers()
    if not answers.is_steady:
        return answers
    gradients = asker.gradients()
    changed = asker.changed(variations(asker.arguments))
    if differ(answers.seeded, asker.ask(seed=SEED)):  # an object that was passed, such as a cache, has kept some of it
        changed = {}
    return dataclasses.replace(answers, changed=changed, gradients=gradients)


def answers_of_learner(asker: Asker, wanted: Answers) -> Answers:
    """What is worth asking, now that it is known what matters to the reference."""
    answers = asker.answers()
    if not (answers.is_steady and wanted.is_steady):
        return answers
    changed = _without_effect(asker, answers, wanted)
    gradients = asker.gradients() if wanted.gradients is not None else None
    if gradients is not None:
        names = doubtful_parameters(gradients, wanted.gradients, differ(answers.seeded, wanted.seeded))
        gradients = dataclasses.replace(gradients, after_moving=asker.after_moving(names))
    return dataclasses.replace(answers, changed=changed, gradients=gradients)


def _without_effect(asker: Asker, answers: Answers, wanted: Answers) -> dict[Change, Answer]:
    """Some changes of each argument that matter to the reference, until one matters here as well."""
    found: dict[Change, Answer] = {}
    done: set[str] = set()
    for change, arguments in variations(asker.arguments):
        name = change.names[0]
        if change.kind is Kind.EXCHANGED or name in done:
            continue
        if differ(wanted.seeded, wanted.changed.get(change, Answer())):
            found[change] = asker.ask(arguments, SEED)
            asked = sum(other.names == change.names for other in found)
            done |= {name} if asked >= change.needed or not same(answers.seeded, found[change]) else set()
    return found


# -- the calls of the test ----------------------------------------------------------------------------


def exchanges(mine: Side, right: Side, number: int) -> list[Exchange]:
    """The learner's calls up to this one beside the reference's, as far as both were asked the same."""
    targets = _targets(mine)
    found = []
    for place in range(number + 1):
        a, b = mine.asked.get(place), right.asked.get(place)
        if a is None or b is None or place >= min(len(mine.entries), len(right.entries)):
            continue
        x, y = mine.entries[place], right.entries[place]
        if x.path == y.path and _are_equal(a, b):
            found.append(Exchange(x.path, targets[place], a.arguments, _answer(x), _answer(y)))
    return found if found and number in mine.asked and found[-1].came.value is mine.entries[-1].value else []


def recorded_exchanges(mine: Side, right: Side, number: int) -> list[Exchange]:
    """The learner's calls of functions up to this one, beside what the reference answered to the same arguments."""
    known = [
        Exchange(entry.path, 0, asked.arguments, wanted=_answer(entry))
        for place, asked in right.asked.items()
        if place < len(right.entries) and "." not in (entry := right.entries[place]).path
    ]
    found = []
    for place, asked in mine.asked.items():
        if place > number or place >= len(mine.entries) or "." in mine.entries[place].path:
            continue
        entry = mine.entries[place]
        call = Exchange(entry.path, 0, asked.arguments, _answer(entry))
        alike = (other.wanted for other in known if other.path == call.path and differing(other, call) == ())
        found.append(dataclasses.replace(call, wanted=next(alike, Answer())))
    is_whole = number < len(mine.entries) and found and found[-1].came.value is mine.entries[number].value
    return found if is_whole else []


def _targets(side: Side) -> dict[int, int]:
    """A number for each call: one for each object as long as nothing else was asked in between; 0 for functions."""
    found: dict[int, int] = {}
    current, before = 0, None
    for place, entry in enumerate(side.entries):
        asked = side.asked.get(place)
        this = (entry.path, asked.target) if asked is not None else None
        current += this != before
        before = this
        found[place] = current if "." in entry.path or asked is None else 0
    return found


def _answer(entry: Entry) -> Answer:
    return Answer() if entry.raised else Answer(entry.value, given=True)


def _are_equal(a: Asked, b: Asked) -> bool:
    """Whether the same was passed: objects by their kind, for each side has its own."""
    if a.arguments.keys() != b.arguments.keys():
        return False
    known = [
        {k: v for k, v in x.arguments.items() if not isinstance(v, Opaque) and not _is_generator(v)} for x in (a, b)
    ]
    return differing(Exchange("", 0, known[0]), Exchange("", 0, known[1])) == ()
