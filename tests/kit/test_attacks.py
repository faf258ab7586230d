"""The attack corpus: hostile submissions, each with its declared verdict, on every tier that this machine has.

All of them go through one judge, with honest work in between. A hidden file and a variable of the caller's
environment hold a secret, which must not be in anything that comes out.
"""

from __future__ import annotations

import os
import re
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest

from grader.course.curriculum import load_curriculum
from grader.course.layout import Layout
from grader.judge.client import Judge
from grader.judge.job_builder import build_job, source_in
from grader.judge.libraries import libraries_for
from grader.judge.losses import KEPT_BUSY, TOO_LARGE
from grader.protocol.jobs import Job, JudgeMode, Limits, Shown
from grader.protocol.results import ExerciseResult
from grader.tester.concealed import TEXTS
from grader.tester.runner import NOT_AGAIN
from grader.worker.sandbox import detection

FOLDER = Path(__file__).parent / "attacks"
EXERCISES = ("ch2_embeddings/one_hot", "ch2_embeddings/embedding")
HONEST_EVERY = 12
SEED = 20_17
PARALLEL = 2
WRONG = "def one_hot(ids, vocab_size):\n    return [[0] * vocab_size for _ in ids]\n"


@dataclass(frozen=True)
class Attack:
    """One submission. What only a sandbox can hold is not tried without one."""

    name: str
    exercise: str
    verdict: str
    text: str
    needs_sandbox: bool
    stop_early: bool


@dataclass(frozen=True)
class Rounds:
    """What a tier's judge made of everything: each attack's result, and those of honest work in its order."""

    attacks: dict[str, ExerciseResult]
    honest: list[ExerciseResult]
    left_running: list[str]
    left_behind: list[str]
    secret: str
    untouched: bool


def read_attack(path: Path) -> Attack:
    text = path.read_text(encoding="utf-8")
    header = dict(re.findall(r"^# ([\w-]+): (.+)$", text, re.MULTILINE))
    return Attack(
        path.stem,
        header["attacks"],
        header["verdict"],
        text,
        header.get("sandbox") == "needed",
        header.get("stop-early") == "yes",
    )


def written_out(text: str) -> str:
    """The text with its short forms made long: `@9 TIMES x{n}=1;@` has its middle nine times, each time numbered."""
    text = text.replace("@NESTED@", "(" * 150 + "-" * 20_000 + "1" + ")" * 150)
    return re.sub(r"@(\d+) TIMES (.+?)@", lambda found: _numbered(found[2], int(found[1])), text)


def _numbered(part: str, times: int) -> str:
    return "".join(part.replace("{n}", str(number)) for number in range(times))


pytestmark = pytest.mark.timeout(1500)  # the first test of a tier judges all of its submissions
ATTACKS = [read_attack(path) for path in sorted(FOLDER.glob("*.py"))]
TIERS = [*detection.available()]
# Every so many of them, unless time is no matter.
EVERY = 1 if os.environ.get("KIT_SLOW") else 2  # on the strongest tier
EVERY_ELSEWHERE = 1 if os.environ.get("KIT_SLOW") else 8
CASES = [
    (tier, attack)
    for tier in TIERS
    for attack in ATTACKS[:: EVERY if tier == TIERS[0] else EVERY_ELSEWHERE]
    if tier != "none" or not attack.needs_sandbox
]


class Corpus:
    """The submissions as folders, ready to be judged."""

    def __init__(self, folder: Path) -> None:
        self.layout = Layout.find(Path(__file__))
        self.curriculum = load_curriculum(self.layout)
        self.folder = folder
        self.token = secrets.token_hex(16)
        self.secret = folder / "hidden" / "secret.txt"
        self.secret.parent.mkdir(parents=True)
        self.secret.write_text(self.token + "\n")

    def job(self, name: str, exercise: str, text: str, stop_early: bool = False, seconds: float = 10.0) -> Job:
        tree = self.folder / "submissions" / name
        file = tree / f"{exercise}.py"
        file.parent.mkdir(parents=True)
        file.write_text(written_out(text))
        tricks = (FOLDER / "support" / "tricks.py").read_text()
        tricks = tricks.replace("@SECRET@", str(self.secret)).replace("@KIT@", str(self.layout.root))
        (tree / "tricks.py").write_text(tricks)
        for known in EXERCISES:
            right = self.layout.solution_file(known).read_text(encoding="utf-8")
            (tree / f"right_{known.split('/')[1]}.py").write_text(right)
        found = self.curriculum.get(exercise)
        mode = JudgeMode(diagnose=False, fail_fast=stop_early, shown=Shown.PUBLIC)
        made = build_job(self.layout, found, seed=SEED, learner=source_in(self.layout, found, tree), mode=mode)
        return msgspec.structs.replace(made, limits=Limits(seconds, 512 * 2**20))

    def honest(self, number: int) -> list[Job]:
        texts = {exercise: self.layout.solution_file(exercise).read_text(encoding="utf-8") for exercise in EXERCISES}
        right = [self.job(f"right-{number}-{i}", name, text) for i, (name, text) in enumerate(texts.items())]
        return [*right, self.job(f"wrong-{number}", EXERCISES[0], WRONG)]


def rounds(tier: str, folder: Path) -> Rounds:
    """Judge everything on a tier."""
    corpus = Corpus(folder / tier)
    temporary = folder / tier / "temporary"
    temporary.mkdir()
    os.environ["GRADER_CANARY"] = corpus.token
    before, os.environ["TMPDIR"] = os.environ.get("TMPDIR"), str(temporary)
    try:
        return judged(tier, corpus, temporary)
    finally:
        del os.environ["GRADER_CANARY"], os.environ["TMPDIR"]
        if before is not None:
            os.environ["TMPDIR"] = before


def judged(tier: str, corpus: Corpus, temporary: Path) -> Rounds:
    attacks: dict[int, str] = {}
    jobs = corpus.honest(0)
    for number, attack in enumerate(attack for case, attack in CASES if case == tier):
        seconds = 1.0 if attack.verdict == "timeout" else 10.0
        job = corpus.job(attack.name, attack.exercise, attack.text, attack.stop_early, seconds)
        attacks[id(job)] = attack.name
        jobs.append(job)
        if number % HONEST_EVERY == HONEST_EVERY - 1:
            jobs += corpus.honest(number)
    jobs += corpus.honest(len(jobs))
    exercises = [corpus.curriculum.get(name) for name in EXERCISES]
    libraries = (*libraries_for(corpus.layout, corpus.curriculum, exercises), "optim")
    with Judge(libraries, parallel=PARALLEL, tier=tier) as judge:
        tickets = {judge.submit(job): id(job) for job in jobs}
        found = {tickets[ticket]: result for ticket, result in judge.as_completed()}
        server = judge.server.pid if judge.server is not None else 0
        running = still_running(server)
    return Rounds(
        attacks={attacks[key]: result for key, result in found.items() if key in attacks},
        honest=[found[id(job)] for job in jobs if id(job) not in attacks],
        left_running=running + [f"after the end: {pid}" for pid in [server] if Path(f"/proc/{pid}").exists()],
        left_behind=sorted(item.name for item in temporary.iterdir() if "torchinductor" not in item.name),
        secret=corpus.token,
        untouched=corpus.secret.read_text() == corpus.token + "\n" and len(list(corpus.secret.parent.iterdir())) == 1,
    )


def still_running(server: int) -> list[str]:
    """The server's descendants but for its one spare worker, after a moment for the last to be reaped."""
    for _ in range(50):
        found = list(descendants(server))
        if len(found) <= 1:
            return []
        time.sleep(0.1)
    return [Path(f"/proc/{pid}/status").read_text().split("\n")[0] for pid in found]


def descendants(pid: int) -> Iterator[int]:
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return
    for child in map(int, children):
        yield child
        yield from descendants(child)


def unlike_declared(tier: str, attack: Attack, done: Rounds) -> str:
    """What is wrong with an attack's result, in a line; nothing where it is as declared and tells no secret."""
    result = done.attacks[attack.name]
    told = msgspec.json.encode(result).decode()
    points = {"passed": result.points_possible, "todo": 0.0}.get(attack.verdict, result.points)
    wrong = {
        "another verdict": str(result.verdict) != attack.verdict,
        "other points": result.points != points,
        "a secret": done.secret in told,
        "an escape": "ESCAPED" in told,
        "another tier": result.tier != tier,
        "too much": len(told) >= 20_000 * (1 + len(result.tests)),  # of what a test prints 16 KiB are kept
    }
    found = [what for what, is_so in wrong.items() if is_so]
    return f"{attack.name}: {', '.join(found)}: {told[:1500]}" if found else ""


def told_of_hidden(results: list[ExerciseResult]) -> list[str]:
    """What is kept of hidden tests beside verdicts and words of our own: their inputs are drawn anew each time."""
    words = {*TEXTS.values(), NOT_AGAIN, KEPT_BUSY, TOO_LARGE}
    found = []
    for test in (test for result in results for test in result.tests if test.hidden):
        failure = test.failure
        chosen = failure is not None and (failure.frames or failure.call or failure.actual or failure.expected)
        ours = failure is None or failure.message in words or failure.message.startswith("Not run: ")
        if test.output or test.notes or chosen or not ours:
            found.append(f"{test.name}: {test.output[:100]} {failure}")
    return found


@pytest.mark.parametrize("tier", TIERS)
def test_every_attack_has_its_declared_verdict_and_learns_nothing(tier: str, tmp_path: Path) -> None:
    """One test for a tier: all of its submissions go through one judge, with honest work in between."""
    done = rounds(tier, tmp_path)
    assert [text for case, attack in CASES if case == tier and (text := unlike_declared(tier, attack, done))] == []
    results = [*done.attacks.values(), *done.honest]
    assert sum(test.hidden for result in results for test in result.tests) > len(done.attacks)
    assert told_of_hidden(results) == []
    marks = [(str(item.verdict), item.points, [(t.name, str(t.verdict)) for t in item.tests]) for item in done.honest]
    assert [mark[0] for mark in marks[:3]] == ["passed", "passed", "failed"]
    assert marks == marks[:3] * (len(marks) // 3)
    assert done.left_running == []
    assert done.left_behind == []
    assert done.untouched


def test_the_corpus_is_large_and_each_attack_says_what_it_does() -> None:
    assert len(ATTACKS) >= 200
    assert len({attack.text for attack in ATTACKS}) == len(ATTACKS)
    assert all('"""' in attack.text and attack.exercise in EXERCISES for attack in ATTACKS)
