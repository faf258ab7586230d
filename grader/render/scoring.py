"""What the commands for a class say: how far a run is, its end, what a regrade would change, what is alike."""

from __future__ import annotations

import shlex
from pathlib import Path

from grader.protocol.groups import Group
from grader.render.intake import MOST_ENTRIES
from grader.render.plain import duration, lines_text, students_text
from grader.score.command import RUBRIC, Fault, Regraded, ScoredClass
from grader.score.intake.submission import Aside
from grader.score.scoring import Advance
from grader.score.similar import Likeness

MOST_PAIRS = 20
INTAKE = "intake.txt"
MOST_RUNNING = 3
MOST_ASIDE = 30


def advance_text(advance: Advance) -> str:
    """How far a run is, whose work on which exercise runs, and how long the rest will take."""
    if advance.preparing:
        return f"{advance.preparing} …"
    parts = [f"{advance.done} of {advance.total} judged"]
    if advance.seconds_left is not None and advance.done < advance.total:
        parts.append(f"about {duration(advance.seconds_left)} left")
    running = [f"{student}: {exercise}" for student, exercise in advance.running[:MOST_RUNNING]]
    if len(advance.running) > MOST_RUNNING:
        running.append(f"{len(advance.running) - MOST_RUNNING} more")
    return ", ".join(parts) + (f"; {', '.join(running)}" if running else "")


def scored_text(scored: ScoredClass, out: Path) -> str:
    """The class in a line, whose work could not be read, and where the marks are."""
    whole, intake = scored.whole, scored.read.intake
    lines = [
        f"{students_text(len(intake.submissions))}, on average {whole.mean:.1f} of {whole.possible:g} points "
        f"(sandbox: {scored.tier})"
    ]
    lines += [f"  no points for {s.student}: {s.problem}" for s in intake.submissions if s.problem]
    lines += _aside_lines(intake.aside)
    lines += [
        f"  not marked yet: {name} of {students_text(count)}, see {RUBRIC}" for name, count in scored.rubric.unmarked
    ]
    lines += [f"  look at this: {warning}" for warning in scored.warnings]
    lines += _fault_lines(scored.faults)
    lines.append(f"read: {out / INTAKE} says who handed in what")
    lines.append(f"marks: {out / 'grades.csv'}")
    lines.append(f"class: {out / 'class.html'}, one page each in {out / 'feedback'}")
    lines += _group_lines(scored.groups, out)
    return lines_text(lines)


def _aside_lines(aside: tuple[Aside, ...]) -> list[str]:
    """The first of what is nobody's work, and where the rest is said."""
    lines = [f"  left aside: {item.name}: {item.reason}" for item in aside[:MOST_ASIDE]]
    if len(aside) > MOST_ASIDE:
        held = "has them all" if len(aside) <= MOST_ENTRIES else f"has {MOST_ENTRIES:,} of them"
        lines.append(f"  and {len(aside) - MOST_ASIDE} more: {INTAKE} {held}")
    return lines


def _group_lines(groups: tuple[Group, ...], out: Path) -> list[str]:
    """That there are answers which nothing explains, and how the kit learns of them."""
    if not groups:
        return []
    subject = "1 group of answers has" if len(groups) == 1 else f"{len(groups)} groups of answers have"
    largest = max(groups, key=lambda group: len(group.members))
    return [
        f"new: {subject} a mistake that is on no list, see {out / 'class.html'};",
        f"     `grader dev mistake --from {shlex.quote(str(out))} {largest.name}` names the largest",
    ]


def _fault_lines(faults: tuple[Fault, ...]) -> list[str]:
    """What the kit could not judge, in full: nobody's marks are final before it is."""
    if not faults:
        return []
    lines = [f"  not judged, by the grader's own fault: {f.student}, {f.exercise}: {f.says}" for f in faults]
    lines.append(
        "  that earns nothing for now; when the reason is mended, the same command judges it again, and it alone"
    )
    return lines


def stopped_text() -> str:
    return "\nstopped; what was judged is kept, and the same command goes on from there"


def exported_text(files: int, archive: Path) -> str:
    return f"{files} files in {archive}"


def regrade_text(regraded: Regraded) -> str:
    """Whose mark would change, by how much, on which test."""
    changes, lines = regraded.changes, _fault_lines(regraded.faults)
    for change in changes:
        lines.append(f"{change.student}  {change.exercise}  {change.before:g} → {change.after:g}")
        lines += [f"    {test}: {before} → {after}" for test, before, after in change.tests]
    students = len({change.student for change in changes})
    return lines_text([*lines, f"{students} marks would change; `grader score` with the same --out applies it"])


def similar_text(found: Likeness, page: Path) -> str:
    """The pairs that are most alike, and where all of them are."""
    lines = [
        f"{max(pair.first_share, pair.second_share):4.0%}  {pair.exercise}  {pair.first}  {pair.second}"
        for pair in found.pairs[:MOST_PAIRS]
    ]
    lines += [f"not compared, it takes too long: {name}" for name in found.left_out]
    return lines_text([*lines, f"{len(found.pairs)} pairs in {page}"])
