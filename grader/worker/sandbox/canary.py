"""The canary: a throwaway process enters a tier, tries what must not work, and reports what it saw.

The parent lays out the bait and looks afterwards whether it was touched; it does not lean on the report alone.
"""

from __future__ import annotations

import ctypes
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grader.course.temporary import TemporaryFolder
from grader.worker.sandbox.commands import command_prefix
from grader.worker.sandbox.policy import Policy, interpreter_trees
from grader.worker.sandbox.tiers import enter

SECRET = "canary-secret"
ANSWER_SECONDS = 20.0
CANARY_BOOT = (
    "import sys; sys.path.insert(0, sys.argv[1]); from grader.worker.sandbox.canary import main; main(sys.argv[2:])"
)


@dataclass(frozen=True)
class Finding:
    """One thing that was tried: whether it went as it must, and what was seen."""

    name: str
    held: bool
    saw: str


@dataclass(frozen=True)
class Bait:
    """What the parent lays out. `port` and `abstract` are its listening sockets."""

    hidden: str
    outside: str
    scratch: str
    port: int
    abstract: str
    parent: int


def probe(tier: str) -> tuple[Finding, ...]:
    """Enter the tier in a throwaway process and say how each attempt went. A failure to start is a finding."""
    with TemporaryFolder() as folder:
        hidden, outside, scratch = (os.path.join(folder, name) for name in ("hidden", "outside", "scratch"))
        os.mkdir(scratch)
        for path in (hidden, outside):
            Path(path).write_text(SECRET)
        with socket.socket() as tcp, socket.socket(socket.AF_UNIX) as local:
            tcp.bind(("127.0.0.1", 0))
            tcp.listen()
            name = ""
            if sys.platform == "linux":
                name = f"grader-canary-{os.getpid()}-{os.path.basename(folder)}"
                local.bind("\0" + name)
                local.listen()
            bait = Bait(hidden, outside, scratch, tcp.getsockname()[1], name, os.getpid())
            findings = _run(tier, bait)
        if not os.path.exists(outside) or Path(outside).read_text() != SECRET:
            findings = (*findings, Finding("outside file", False, "a file outside was changed"))
    return findings


def _run(tier: str, bait: Bait) -> tuple[Finding, ...]:
    root = str(Path(__file__).resolve().parents[3])
    policy = Policy(bait.scratch, (os.path.join(root, "grader"),))
    prefix = command_prefix(tier, policy)
    said = ""
    command = [*prefix, sys.executable, "-I", "-c", CANARY_BOOT, root, tier, json.dumps(bait.__dict__)]
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            timeout=ANSWER_SECONDS,
            stdin=subprocess.DEVNULL,
            cwd=bait.scratch,
            check=False,
        )
        said = done.stderr.decode(errors="replace").strip()[-300:]
        found = [Finding(*item) for item in json.loads(done.stdout)]
    except subprocess.TimeoutExpired:
        return (Finding("start", False, "the canary did not answer"),)
    except (OSError, ValueError, TypeError) as error:
        return (Finding("start", False, f"the canary could not be run: {said or error}"),)
    return tuple(found) or (Finding("start", False, "the canary said nothing"),)


def main(arguments: list[str]) -> None:
    """In the throwaway process: enter, try, print the findings as JSON."""
    tier, text = arguments
    bait = Bait(**json.loads(text))
    interpreter_trees()
    try:
        enter(tier, Policy(bait.scratch))
    except Exception as error:
        found = [("start", False, str(error))]
    else:
        found = [_must_fail(name, action) for name, action in forbidden(bait).items()]
        found += [_must_work(name, action) for name, action in permitted(bait).items()]
    sys.stdout.write(json.dumps(found))
    sys.stdout.flush()
    os._exit(0)


def forbidden(bait: Bait) -> dict[str, Callable[[], object]]:
    """What no worker may do."""
    return {
        "read a hidden file": lambda: Path(bait.hidden).read_text(),
        "list a folder outside": lambda: os.listdir(os.path.dirname(bait.hidden)),
        "write a file outside": lambda: Path(bait.outside).write_text("touched"),
        "make a file outside": lambda: Path(bait.outside + "-new").write_text("made"),
        "remove a file outside": lambda: os.unlink(bait.outside),
        "change a file's mode": lambda: os.chmod(bait.outside, 0o600),
        "link a hidden file": lambda: Path(bait.scratch, "link").hardlink_to(bait.hidden),
        "open a TCP connection": lambda: _connect(socket.AF_INET, ("127.0.0.1", bait.port)),
        "send a UDP packet": lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", 9)),
        "reach an abstract socket": lambda: _connect(socket.AF_UNIX, "\0" + bait.abstract),
        "start a process": _fork,
        "run a program": lambda: subprocess.run([sys.executable, "-c", ""], check=True, stdin=subprocess.DEVNULL),
        "signal the parent": lambda: os.kill(bait.parent, 0),
        "signal everyone": lambda: os.kill(-1, 0),
        "read the parent's environment": lambda: Path(f"/proc/{bait.parent}/environ").read_bytes()[0],
        "trace the parent": lambda: _trace(bait.parent),
    }


def permitted(bait: Bait) -> dict[str, Callable[[], object]]:
    """What a learner's code must still be able to do."""
    return {
        "write in the scratch": lambda: Path(bait.scratch, "mine").write_text("mine"),
        "read in the scratch": lambda: Path(bait.scratch, "mine").read_text(),
        "import a module late": lambda: __import__("colorsys"),
        "import a library late": lambda: __import__("msgspec"),
        "start a thread": _thread,
        "use /dev/null": lambda: Path(os.devnull).write_text("x"),
        "draw random bytes": lambda: Path("/dev/urandom").open("rb").read(4),
    }


def _must_fail(name: str, action: Callable[[], object]) -> tuple[str, bool, str]:
    try:
        action()
    except Exception as error:
        return name, True, f"{type(error).__name__}: {error}"[:200]
    return name, False, "it worked"


def _must_work(name: str, action: Callable[[], object]) -> tuple[str, bool, str]:
    try:
        action()
    except Exception as error:
        return name, False, f"{type(error).__name__}: {error}"[:200]
    return name, True, "it worked"


def _connect(family: int, address: Any) -> None:
    with socket.socket(family) as sock:
        sock.connect(address)


def _fork() -> None:
    if os.fork() == 0:
        os._exit(0)
    os.wait()


def _thread() -> None:
    thread = threading.Thread(target=int)
    thread.start()
    thread.join()


def _trace(pid: int) -> None:
    attach, detach = 16, 17
    libc = ctypes.CDLL(None, use_errno=True)
    if sys.platform != "linux":
        raise OSError("not tried here")
    if libc.ptrace(attach, pid, None, None) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    os.waitpid(pid, 0)
    libc.ptrace(detach, pid, None, None)
