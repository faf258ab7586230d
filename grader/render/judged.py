"""Files that `grader dev judge` judged: in full, as a line each, or as a line of JSON, which docs/json.md describes."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

from grader.author.judging import Judged
from grader.course.visible import visible
from grader.protocol.results import ExerciseResult, Failure, TestResult, Verdict
from grader.render.documents import document_text
from grader.render.failure_view import plain_lines

VERSION = 1
WIDTH = 80


def judged_text(judged: Judged) -> str:
    """One file in full: every test with its seconds, and all that is known of each failure."""
    result = judged.shown
    lines = [f"{result.exercise}: {result.verdict}, {result.points:g} of {result.points_possible:g}"]
    for test in result.tests:
        lines += _test_lines(test)
    if result.problem is not None:
        lines += [f"  {line}" for line in plain_lines(result.problem)]
    return "\n".join(lines)


def _test_lines(test: TestResult) -> list[str]:
    lines = [f"  {test.verdict:8} {test.seconds:6.2f} s  {test.name}"]
    if test.failure is not None:
        mistake = f"{test.mistake.name}: {test.mistake.says}" if test.mistake is not None else "not named"
        lines += [f"           {line}" for line in (*plain_lines(test.failure), f"{'mistake':<10}{mistake}")]
    return lines


def judged_line(judged: Judged) -> str:
    """Verdict, points and seconds before the file, and under what did not pass why it did not."""
    shown = judged.shown
    points = f"{shown.points:g} of {shown.points_possible:g}"
    start = f"{_word(judged):<8}{points:>12}{shown.seconds:>8.1f} s  "
    line = start + _end_of(_on_one_line(judged.file), WIDTH - len(start))
    why = _start_of(f"{'':10}{_why(shown)}", WIDTH)
    return line if shown.verdict is Verdict.PASSED else f"{line}\n{why}"


def judged_sums(judged: list[Judged], seeds: list[int]) -> str:
    """How many files came to what, then those that differ from seed to seed, and those that could not be judged."""
    counts = Counter(_word(item) for item in judged)
    named = sum(bool(item.shown.mistakes) for item in judged)
    words = [f"{count} {word}" for word, count in counts.most_common()]
    files = "1 file" if len(judged) == 1 else f"{len(judged)} files"
    under = f"seed {seeds[0]}" if len(seeds) == 1 else f"seeds {seeds[0]} to {seeds[-1]}"
    lines = [f"{files}: {', '.join(words)}; {named} with a named mistake; {under}"]
    lines += [line for item in judged if not item.is_stable for line in _unstable_lines(item)]
    lines += [f"✗ not judged: {_on_one_line(text)}" for item in judged for text in _faults(item)]
    return "\n".join(lines)


def _word(judged: Judged) -> str:
    return str(judged.shown.verdict) if judged.is_stable else "unstable"


def _why(result: ExerciseResult) -> str:
    """The problem, or the mistakes behind what failed, or the tests."""
    if result.problem is not None:
        return _on_one_line(result.problem.message)
    if result.mistakes:
        return "named: " + ", ".join(mistake.name for mistake in result.mistakes)
    return ", ".join(test.name for test in _not_passed(result))


def _unstable_lines(judged: Judged) -> list[str]:
    """Under which seeds the file came to what."""
    by_end: defaultdict[tuple[str, float], list[str]] = defaultdict(list)
    for run in judged.runs:
        by_end[run.verdict, run.points].append(str(run.seed))
    ends = [f"    {verdict} with {points:g} under {', '.join(seeds)}" for (verdict, points), seeds in by_end.items()]
    return [f"✗ unstable: {_on_one_line(judged.file)}", *ends]


def _faults(judged: Judged) -> set[str]:
    """Why the kit gave no verdict."""
    faulty = [run for run in judged.runs if run.verdict is Verdict.ERROR]
    tests = [test.failure for run in faulty for test in run.tests if test.verdict is Verdict.ERROR]
    return {failure.message for failure in (*(run.problem for run in faulty), *tests) if failure is not None}


def _not_passed(result: ExerciseResult) -> list[TestResult]:
    return [test for test in result.tests if test.verdict is not Verdict.PASSED]


def _on_one_line(text: str) -> str:
    return " ".join(visible(text).split())


def _start_of(text: str, room: int) -> str:
    return text if len(text) <= room else text[: room - 1] + "…"


def _end_of(text: str, room: int) -> str:
    return text if len(text) <= room else "…" + text[1 - room :]


# -- JSON -----------------------------------------------------------------------------------------------


def judged_json(judged: Judged) -> str:
    """One file as one line."""
    shown = judged.shown
    document = {
        "version": VERSION,
        "file": judged.file,
        "exercise": shown.exercise or None,
        "stable": judged.is_stable,
        "seed": shown.seed,
        "verdict": shown.verdict,
        "points": shown.points,
        "points_possible": shown.points_possible,
        "mistakes": shown.mistakes,
        "failed": [_failed(test) for test in _not_passed(shown)],
        "problem": shown.problem,
        "notes": shown.notes,
        "seconds": round(shown.seconds, 4),
        "runs": [_run(run) for run in judged.runs],
    }
    return document_text(document)


def _failed(test: TestResult) -> dict[str, Any]:
    failure = test.failure or Failure("")
    return {
        "name": test.name,
        "title": test.title,
        "hidden": test.hidden,
        "verdict": test.verdict,
        "message": failure.message,
        "expected": failure.expected,
        "actual": failure.actual,
        "mistake": test.mistake,
    }


def _run(run: ExerciseResult) -> dict[str, Any]:
    return {
        "seed": run.seed,
        "verdict": run.verdict,
        "points": run.points,
        "seconds": round(run.seconds, 4),
        "failed": [test.name for test in _not_passed(run)],
    }
