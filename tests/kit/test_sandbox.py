"""The sandbox itself: each tier's canary, what happens without one, the filter, the watch on the scratch, doctor."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from miniature import Kit

from grader.course import removal
from grader.errors import JudgeError
from grader.judge.client import Judge
from grader.judge.job_builder import build_job
from grader.learner.doctor import Check, doctor
from grader.protocol.results import Verdict
from grader.render.doctor import render_doctor
from grader.tester import scratch_folder as scratch
from grader.worker.sandbox import SandboxError, canary, detection, landlock, seccomp
from grader.worker.sandbox.commands import macos_profile
from grader.worker.sandbox.policy import Policy, interpreter_trees
from grader.worker.sandbox.tiers import TIERS

ROOT = Path(__file__).parents[2]
linux = pytest.mark.skipif(sys.platform != "linux", reason="these mechanisms are Linux's")


# -- tiers ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tier", [name for name in detection.available() if name != "none"])
def test_the_canary_comes_back_empty_handed(tier: str) -> None:
    findings = canary.probe(tier)
    assert [item for item in findings if not item.held] == []
    assert len(findings) > 20


@linux
def test_the_canary_would_notice() -> None:
    """Without a sandbox the same attempts work, so that a canary that tries nothing cannot pass."""
    seen = {item.name: item.held for item in canary.probe("none")}
    for name in ("read a hidden file", "write a file outside", "open a TCP connection", "start a process"):
        assert seen[name] is False


def test_a_tier_that_does_not_hold_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    failed = detection.Trial("linux-base", (canary.Finding("read a hidden file", False, "it worked"),))
    monkeypatch.setattr(detection, "tried", lambda name: failed)
    monkeypatch.setattr(detection, "possible", lambda: tuple(t for t in TIERS if t.name == "linux-base"))
    with pytest.raises(SandboxError, match="does not hold here") as caught:
        detection.require("linux-base")
    assert isinstance(caught.value, JudgeError) and caught.value.hint


def test_a_tier_of_another_platform_or_of_no_platform_is_an_error() -> None:
    with pytest.raises(SandboxError, match="not made for this platform"):
        detection.require("macos" if sys.platform != "darwin" else "linux-base")
    with pytest.raises(SandboxError, match="no tier"):
        detection.require("strong")


@linux
def test_a_worker_that_cannot_be_enclosed_is_the_kits_fault_and_runs_no_code(kit: Kit, tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    kit.write("return 2 * x", head=f"open({str(mark)!r}, 'w')")
    job = build_job(kit.layout, kit.curriculum.get(kit.name), seed=1)
    with Judge(("torch",), tier="none") as judge:
        judge.tier = "macos"  # a tier that the worker cannot enter
        result = judge.judge(job)
    assert result.verdict is Verdict.ERROR and result.points == 0
    assert result.problem is not None and "enclosed" in result.problem.message
    assert not mark.exists()


@linux
def test_files_beside_a_submission_do_nothing(kit: Kit) -> None:
    """A learner's folder may hold modules named like libraries, and files that pytest or Python look for."""
    kit.write("return 2 * x")
    names = ("torch.py", "numpy.py", "pytest.py", "conftest.py", "sitecustomize.py", "usercustomize.py", "msgspec.py")
    for folder in (kit.file.parent, kit.file.parent.parent):
        for name in names:
            (folder / name).write_text("raise SystemExit('shadowed')\n")
        (folder / "pytest.ini").write_text("[pytest]\naddopts = --collect-only\n")
        (folder / "x.pth").write_text("import os; os._exit(0)\n")
    result = kit.judge()
    assert result.verdict is Verdict.PASSED and result.points == result.points_possible


@linux
def test_the_strongest_tier_is_stamped_on_the_result(kit: Kit) -> None:
    kit.write("return 2 * x")
    assert kit.judge().tier == detection.detect() == detection.available()[0]


OLDER = """
import sys
sys.path.insert(0, sys.argv[1])
from grader.worker.sandbox import canary, landlock
landlock.version = lambda: int(sys.argv[2])
canary.main(["linux-base", sys.argv[3]])
"""


@linux
@pytest.mark.parametrize("version", range(1, 8))
def test_older_versions_of_landlock_hold_too(version: int, tmp_path: Path) -> None:
    """What an older kernel's Landlock does not know, the filter refuses."""
    if version > landlock.version():
        pytest.skip("this kernel's Landlock is older")
    hidden, outside, inside = (tmp_path / name for name in ("hidden", "outside", "scratch"))
    inside.mkdir()
    hidden.write_text("secret")
    outside.write_text("secret")
    bait = canary.Bait(str(hidden), str(outside), str(inside), 9, "nobody", os.getpid())
    command = [sys.executable, "-I", "-c", OLDER, str(ROOT), str(version), json.dumps(bait.__dict__)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    findings = [canary.Finding(*item) for item in json.loads(done.stdout)]
    assert [item for item in findings if not item.held] == []
    assert outside.read_text() == hidden.read_text() == "secret" and len(findings) > 20


# -- what is in it --------------------------------------------------------------------------------------------


def test_the_kit_itself_is_never_readable() -> None:
    for tree in interpreter_trees():
        assert not ROOT.is_relative_to(Path(tree).resolve())
        assert Path(tree).resolve() not in (ROOT, ROOT / "solutions", ROOT / "tests")


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_the_filter_is_well_formed(machine: str) -> None:
    program = seccomp.build(machine, 1234)
    assert program[-1] == (seccomp.RETURN, 0, 0, seccomp.ALLOW)
    for at, (code, yes, no, _) in enumerate(program):
        if code not in (seccomp.RETURN, seccomp.LOAD, seccomp.AND):
            assert at + 1 + max(yes, no) < len(program)
    assert len(program) < 4096


@pytest.mark.parametrize(
    ("machine", "number", "arguments", "answer"),
    [
        ("x86_64", 41, (), "EPERM"),  # socket
        ("aarch64", 198, (), "EPERM"),
        ("x86_64", 0, (), "allow"),  # read
        ("x86_64", 56, (0x10000,), "allow"),  # clone of a thread
        ("x86_64", 56, (17,), "EPERM"),  # clone of a process
        ("aarch64", 220, (17,), "EPERM"),
        ("x86_64", 57, (), "EPERM"),  # fork
        ("x86_64", 435, (), "ENOSYS"),  # clone3
        ("x86_64", 62, (1234, 9), "allow"),  # kill of itself
        ("x86_64", 62, (1, 9), "EPERM"),
        ("x86_64", 62, (2**32 - 1, 9), "EPERM"),  # kill(-1)
        ("x86_64", 302, (0,), "allow"),  # prlimit of itself
        ("x86_64", 302, (1,), "EPERM"),
        ("x86_64", 257, (0, 0, 0o1000), "EPERM"),  # openat for reading, emptying
        ("x86_64", 257, (0, 0, 0o1101), "allow"),  # openat for writing, emptying
        ("x86_64", 9, (0, 0, 3, 0x22), "allow"),  # mmap of memory of its own
        ("x86_64", 9, (0, 0, 1, 0x02), "allow"),  # of a file, to read
        ("x86_64", 9, (0, 0, 1, 0x01), "EPERM"),  # of a file, shared: it could be made to be written
        ("x86_64", 293, (), "EPERM"),  # pipe2, whose numbers go on for all processes
        ("x86_64", 9, (0, 0, 3, 0x01), "EPERM"),  # of a file, shared and to be written
        ("x86_64", 9, (0, 0, 1, 0x21), "EPERM"),  # of memory that is shared
        ("aarch64", 222, (0, 0, 3, 0x122), "EPERM"),  # of memory that grows by itself
        ("x86_64", 28, (0, 0, 4), "allow"),  # madvise: memory of its own is not wanted any more
        ("x86_64", 28, (0, 0, 21), "EPERM"),  # to put a file out of the cache
        ("x86_64", 221, (), "EPERM"),  # fadvise64, likewise
        ("aarch64", 286, (), "EPERM"),  # preadv2: only what is in the cache
        ("x86_64", 900, (), "ENOSYS"),
        ("x86_64", 0x40000000 + 57, (), "ENOSYS"),  # the x32 table
        ("i386", 1, (), "kill"),
    ],
)
def test_the_filter_answers(machine: str, number: int, arguments: tuple[int, ...], answer: str) -> None:
    own = machine if machine in seccomp.ARCHITECTURES else "x86_64"
    architecture = seccomp.ARCHITECTURES.get(machine, 0x40000003)
    expected = {"allow": seccomp.ALLOW, "kill": seccomp.KILL, "EPERM": 0x50001, "ENOSYS": 0x50026}[answer]
    assert run_filter(seccomp.build(own, 1234), number, architecture, arguments) == expected


def run_filter(program: list[tuple[int, int, int, int]], number: int, architecture: int, args: tuple[int, ...]) -> int:
    """The kernel's machine for these few instructions."""
    data = {0: number, 4: architecture} | {16 + 8 * i: value for i, value in enumerate(args)}
    at = value = 0
    while True:
        code, yes, no, k = program[at]
        at += 1
        if code == seccomp.RETURN:
            return k
        if code == seccomp.LOAD:
            value = data.get(k, 0)
        elif code == seccomp.AND:
            value &= k
        else:
            tests = {
                seccomp.IF_EQUAL: value == k,
                seccomp.IF_GREATER: value > k,
                seccomp.IF_ANY_BIT: bool(value & k),
            }
            at += yes if tests[code] else no


def test_the_profile_for_macos_names_the_scratch_and_no_network(tmp_path: Path) -> None:
    profile = macos_profile(Policy(str(tmp_path), ("/somewhere/learner",)))
    assert profile.startswith("(version 1)\n(deny default)") and "network" not in profile
    assert profile.count("file-write*") == 1 and str(tmp_path) in profile


# -- the scratch ----------------------------------------------------------------------------------------------


def test_a_scratch_that_is_too_full_is_noticed(tmp_path: Path) -> None:
    assert scratch.complaint(str(tmp_path)) == ""
    with open(tmp_path / "large", "wb") as file:
        file.truncate(scratch.MAX_TOTAL_BYTES + 1)
    assert "MiB" in scratch.complaint(str(tmp_path))
    os.unlink(tmp_path / "large")
    for number in range(scratch.MAX_ENTRIES + 1):
        (tmp_path / str(number)).touch()
    assert "files" in scratch.complaint(str(tmp_path))


def test_a_folder_that_may_be_written_to_and_not_listed_counts(tmp_path: Path) -> None:
    (tmp_path / "hidden").mkdir(mode=0o300)
    with open(tmp_path / "hidden" / "large", "wb") as file:
        file.truncate(scratch.MAX_TOTAL_BYTES + 1)
    assert "MiB" in scratch.complaint(str(tmp_path))


@linux
def test_a_scratch_is_emptied_whatever_stands_in_it(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").touch()
    folder = tmp_path / "scratch"
    folder.mkdir()
    (folder / "link").symlink_to(outside)
    (folder / "locked").mkdir(mode=0)
    os.mkfifo(folder / "pipe")
    (folder / "a\n\x1b[31m").touch()
    here = os.getcwd()
    try:
        os.chdir(folder)
        for _ in range(1500):  # far longer than a path may be, and deeper than Python recurses
            os.mkdir("x" * 40)
            os.chdir("x" * 40)
    finally:
        os.chdir(here)
    assert "deep" in scratch.complaint(str(folder))
    removal.remove(str(folder))
    assert not folder.exists() and (outside / "kept").exists()


@linux
def test_a_folder_that_is_exchanged_for_a_link_leads_nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Code that still runs swaps them between the look into a folder and what is done there."""
    outside, folder = tmp_path / "outside", tmp_path / "scratch"
    for path in (outside, folder, folder / "a"):
        path.mkdir()
    for path in (outside / "kept", folder / "a" / "kept"):
        path.touch()
    looked, look = [0], os.scandir

    def exchanged(where: Any) -> contextlib.AbstractContextManager[Any]:
        with look(where) as items:
            found = list(items)
        looked[0] += 1
        if looked[0] == 2:  # the scratch, then the folder in it
            (folder / "a").rename(tmp_path / "away")
            (folder / "a").symlink_to(outside)
        return contextlib.nullcontext(found)

    monkeypatch.setattr(os, "scandir", exchanged)
    removal.empty(str(folder))
    assert (outside / "kept").exists()


# -- doctor ---------------------------------------------------------------------------------------------------


def test_doctor_finds_this_machine_good_enough() -> None:
    checks = doctor()
    assert [check.name for check in checks if check.needed and not check.works] == []
    assert checks[-1].saw == detection.detect() or not checks[-1].works
    text = render_doctor(checks)
    assert max(map(len, text.splitlines())) <= 80
    assert all(check.name in text for check in checks)


def test_doctor_says_how_to_get_what_is_missing() -> None:
    missing = Check("Landlock", False, "not in this kernel", advice="a newer kernel")
    checks = (missing, Check("torch", False, "not installed", needed=True))
    text = render_doctor(checks)
    assert "to get it: a newer kernel" in text and "missing: torch" in text


# -- ends -----------------------------------------------------------------------------------------------------

COMMAND = """
import sys
from pathlib import Path
from grader.judge.job_builder import build_job
from grader.course.curriculum import load_curriculum
from grader.course.layout import Layout
from grader.judge.client import Judge
layout = Layout(Path(sys.argv[1]))
with Judge(("torch",)) as judge:
    print(judge.server.pid, flush=True)
    judge.submit(build_job(layout, load_curriculum(layout).get("ch1_mini/scale"), seed=1))
    for _, event in judge.events():
        print(type(event).__name__, flush=True)
"""


@linux
@pytest.mark.parametrize("victim", ["command", "server"])
def test_nothing_outlives_a_command_or_a_server_that_is_killed(kit: Kit, tmp_path: Path, victim: str) -> None:
    kit.write("import time\ntime.sleep(1000)")
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    command = subprocess.Popen(
        [sys.executable, "-c", COMMAND, str(kit.layout.root)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(temporary)},
    )
    assert command.stdout is not None
    server = int(command.stdout.readline())
    assert command.stdout.readline() == "SuiteStarted\n"
    family = [server]
    while len(family) < 4:  # the server, a tester, a worker and the spare
        family = [server, *descendants(server)]
    os.kill(command.pid if victim == "command" else server, signal.SIGKILL)
    command.wait(20)
    for _ in range(100):
        if not any(alive(pid) for pid in family):
            break
        time.sleep(0.1)
    assert [pid for pid in family if alive(pid)] == []
    if victim == "command":
        assert [item.name for item in temporary.iterdir() if item.name.startswith("grader-")] == []


def descendants(pid: int) -> list[int]:
    found = [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return [*found, *(inner for child in found for inner in descendants(child))]


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False
