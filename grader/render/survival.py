"""How much of the solutions their suites see: tables, the survivors, and a line of JSON for each mutant."""

from __future__ import annotations

import json
from collections.abc import Iterable

import msgspec

from grader.author.survival import Fate, Tally, Trial, tallies_by, tally
from grader.render.documents import document_text

VERSION = 1


def trials_text(trials: list[Trial], seed: int, wanted: float) -> str:
    """The survivors, each with an entry for the mistakes file, then a table of exercises and one of chapters."""
    lines = [line for trial in trials if trial.fate in (Fate.SURVIVED, Fate.ERROR) for line in _survivor(trial)]
    lines += [_heading("exercise"), *_rows(tallies_by(trials, lambda trial: trial.exercise)), ""]
    chapters = tallies_by(trials, lambda trial: trial.exercise.split("/")[0])
    lines += [_heading("chapter"), *_rows(chapters, wanted), _row("all", tally(trials)), ""]
    low = [name for name, counts in chapters.items() if counts.percent < wanted]
    if low:
        lines.append(f"✗ Below {wanted:g} %: {', '.join(low)}. Seed {seed}.")
    else:
        lines.append(f"Every chapter has at least {wanted:g} %. Seed {seed}.")
    return "\n".join(lines)


def trials_json(trials: Iterable[Trial], seed: int) -> str:
    """One object a line, as docs/json.md describes them."""
    head = {"version": VERSION, "seed": seed}
    return "\n".join(document_text({**head, **msgspec.structs.asdict(trial)}) for trial in trials)


def _survivor(trial: Trial) -> list[str]:
    given = ", in code that the stub gives" if trial.given else ""
    error = f": {trial.by}" if trial.fate is Fate.ERROR else ""
    return [
        f"{trial.file}:{trial.line}: {trial.fate}{error} ({trial.kind}{given})",
        *(f"    - {line}" for line in trial.before.split("\n")),
        *(f"    + {line}" for line in trial.after.split("\n")),
        "[[equivalent]]",
        f"find = {_toml(trial.find)}",
        f"replace = {_toml(trial.replace)}",
        'because = ""',
        "",
    ]


def _toml(text: str) -> str:
    """A basic string: what JSON escapes, TOML escapes in the same way."""
    return json.dumps(text, ensure_ascii=False)


def _heading(name: str) -> str:
    return f"{name:<32}{'mutants':>8}{'killed':>8}{'hidden':>8}{'given':>7}{'listed':>8}{'survived':>10}{'percent':>9}"


def _rows(tallies: dict[str, Tally], wanted: float = 0.0) -> list[str]:
    return [_row(name, counts) + ("  ✗" if counts.percent < wanted else "") for name, counts in tallies.items()]


def _row(name: str, counts: Tally) -> str:
    return (
        f"{name:<32}{counts.mutants:>8}{counts.killed:>8}{counts.by_hidden:>8}{counts.by_given:>7}{counts.listed:>8}"
        f"{counts.survived:>10}{counts.percent:>9.1f}"
    )
