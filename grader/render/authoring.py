"""What the commands for authors say: the proof of the exercises, what was written and released."""

from __future__ import annotations

from pathlib import Path

from grader.author.class_mistakes import Written
from grader.author.proof import Proof
from grader.author.release import Released
from grader.render.messages import wrote_text
from grader.render.plain import duration


def scaffolded_text(paths: list[str], name: str) -> str:
    """The files of a new exercise, and what to do with them."""
    lines = [wrote_text(path) for path in paths]
    return "\n".join([*lines, "", f"Fill them in, then: grader dev sync && grader dev check {name}"])


def released_text(done: Released, out: Path) -> str:
    """What went into a learner's kit."""
    recorded = done.recorded
    lines = [
        f"{done.exercises} exercises and {done.tests} public tests in {out}",
        f"what the reference answered takes {recorded.bytes / 1e6:.1f} MB; no secret line is in it",
        f"{recorded.mistakes - len(recorded.unseen)} of {recorded.mistakes} mistakes fail a recorded test"
        " under each of its seeds",
    ]
    if recorded.unseen:
        lines.append("These do not; the kit finds them, as `grader dev check` proves, but cannot name them:")
    return "\n".join([*lines, *(f"  {name}" for name in recorded.unseen)])


def runs_text(done: int, total: int, name: str, seconds_left: float | None = None) -> str:
    """How many of the runs are done, of which exercise the last one was, and how long the rest will take."""
    left = "" if seconds_left is None or done == total else f", about {duration(seconds_left)} left"
    return f"{done} of {total} runs{left}; {name}"


def render_proofs(proofs: list[Proof], broken: list[str], seed: int) -> str:
    """One line per exercise, then what is wrong, then the sums."""
    lines = [
        f"{'exercise':<32}{'mistakes':>9}{'caught':>8}{'named':>7}{'wrong':>7}{'idea':>6}{'edge':>6}{'seconds':>9}"
    ]
    for proof in proofs:
        mark = "" if not proof.troubles else "  ✗"
        lines.append(
            f"{proof.exercise:<32}{proof.mistakes:>9}{proof.caught:>8}{proof.named:>7}"
            f"{proof.misnamed:>7}{_shares(proof)}{proof.seconds:>9.1f}{mark}"
        )
    lines.append(_sums(proofs))
    for proof in proofs:
        lines += [f"✗ {proof.exercise}: {trouble}" for trouble in proof.troubles]
        if proof.unnamed:
            lines.append(f"  {proof.exercise}: caught, not named: {', '.join(proof.unnamed)}")
    lines += [f"✗ {text}" for text in broken]
    good = not broken and not any(proof.troubles for proof in proofs)
    seeds = proofs[0].seeds if proofs else 0
    lines.append(
        f"{'Every law holds' if good else 'Some laws are broken'}: {len(proofs)} exercises, {seeds} seeds from {seed}."
    )
    return "\n".join(lines)


def _shares(proof: Proof) -> str:
    """How much of the points the idea carries, and how much lies at the edge."""
    return f"{proof.shares.idea:>6.0%}{proof.shares.edge:>6.0%}" if proof.shares is not None else f"{'-':>6}{'-':>6}"


def _sums(proofs: list[Proof]) -> str:
    mistakes, named = sum(p.mistakes for p in proofs), sum(p.named for p in proofs)
    caught, misnamed = sum(p.caught for p in proofs), sum(p.misnamed for p in proofs)
    share = f" ({100 * named / mistakes:.0f} % named)" if mistakes else ""
    seconds = sum(p.seconds for p in proofs)
    return f"{'all':<32}{mistakes:>9}{caught:>8}{named:>7}{misnamed:>7}{'':>12}{seconds:>9.1f}{share}"


def listed_text(written: Written, display_path: str) -> str:
    """The entry that was written, where its edits come from, what proves it, and what to do next."""
    group, edit = written.group, written.edit
    lines = [
        f"wrote the mistake {edit.name} to {display_path}",
        f"  from   {written.origin}",
        f"  fails  {written.tests[0]}{_more_tests(len(written.tests) - 1)}, as {group.name} does",
    ]
    if differing := len(group.sketches) - len(written.tests):
        lines.append(f"         in {differing} of its tests another mistake, listed already, is beside it")
    for item in edit.replacements:
        lines += ["", *(f"    - {line}" for line in item.find.split("\n"))]
        lines += [f"    + {line}" for line in item.replace.split("\n")]
    lines.append("")
    if not edit.says:
        lines.append(f"next: write its `says` in {display_path}, to the learner: what is wrong and why it matters")
    lines.append("next: read the lines above; a listed mistake runs beside the tests, with no sandbox around it")
    lines.append(f"next: grader dev check {group.exercise}, then the same `grader score` once more, which names it")
    return "\n".join(lines)


def _more_tests(count: int) -> str:
    return "" if count < 1 else f" and {count} more {'test' if count == 1 else 'tests'}"
