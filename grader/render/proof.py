"""The figures of `grader dev check`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TextIO

from grader.author.proof import Proof


def render_progress(stream: TextIO) -> Callable[[int, int, str], None]:
    """A line that is written over on a terminal, and every twentieth run elsewhere."""
    live = stream.isatty()

    def report(done: int, total: int, name: str) -> None:
        text = f"{done} of {total} runs, {name}"
        if live:
            stream.write(f"\r\x1b[K{text}" if done < total else "\r\x1b[K")
        elif done % 20 == 0 or done == total:
            stream.write(text + "\n")
        stream.flush()

    return report


def render_proofs(proofs: list[Proof], broken: list[str], seed: int) -> str:
    """One line per exercise, then what is wrong, then the sums."""
    lines = [f"{'exercise':<32}{'mistakes':>9}{'caught':>8}{'named':>7}{'wrong':>7}{'seconds':>9}"]
    for proof in proofs:
        mark = "" if not proof.troubles else "  ✗"
        lines.append(
            f"{proof.exercise:<32}{proof.mistakes:>9}{proof.caught:>8}{proof.named:>7}"
            f"{proof.misnamed:>7}{proof.seconds:>9.1f}{mark}"
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


def _sums(proofs: list[Proof]) -> str:
    mistakes, named = sum(p.mistakes for p in proofs), sum(p.named for p in proofs)
    caught, misnamed = sum(p.caught for p in proofs), sum(p.misnamed for p in proofs)
    share = f" ({100 * named / mistakes:.0f} % named)" if mistakes else ""
    seconds = sum(p.seconds for p in proofs)
    return f"{'all':<32}{mistakes:>9}{caught:>8}{named:>7}{misnamed:>7}{seconds:>9.1f}{share}"
