"""Namespaces: a network with nothing in it, System V objects of its own, and no power outside."""

from __future__ import annotations

import os
from pathlib import Path

from grader.worker.sandbox.system import PR_SET_DUMPABLE, prctl, unshare

NEWUSER, NEWIPC, NEWNET = 0x10000000, 0x08000000, 0x40000000
EVERYONE = "0 0 4294967295"


def enter() -> None:
    """Leave the user, network and IPC namespaces of the parent. Wants a process with a single thread."""
    user, group = os.geteuid(), os.getegid()
    prctl(PR_SET_DUMPABLE, 1)  # after a change of user, /proc/self belongs to root without this
    unshare(NEWUSER | NEWIPC | NEWNET)
    if user == 0:
        try:
            _write("uid_map", EVERYONE)
            _write("gid_map", EVERYONE)
            return
        except OSError:  # root of a container, which has fewer numbers to give
            pass
    _write("uid_map", f"{user} {user} 1")
    _write("setgroups", "deny")
    _write("gid_map", f"{group} {group} 1")


def _write(name: str, text: str) -> None:
    Path("/proc/self", name).write_text(text, encoding="ascii")
