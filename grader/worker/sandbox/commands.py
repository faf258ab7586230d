"""The program that puts a sandbox around a worker that is started as a process of its own, on macOS."""

from __future__ import annotations

import os
import sys

from grader.worker.sandbox.policy import WRITABLE_DEVICES, Policy

SANDBOX_EXEC = "/usr/bin/sandbox-exec"


def command_prefix(tier: str, policy: Policy) -> list[str]:
    """What stands before the worker's command line; empty where the worker encloses itself."""
    return [SANDBOX_EXEC, "-p", macos_profile(policy)] if tier == "macos" else []


def macos_profile(policy: Policy) -> str:
    """A sandbox-exec profile: everything is denied but what an interpreter and the policy need.

    Written from Apple's own profiles in /System/Library/Sandbox/Profiles. The canary decides whether it holds.
    """
    system = ("/usr/lib", "/System", "/Library/Frameworks", "/Library/Fonts", "/private/var/db/timezone")
    executables = dict.fromkeys((sys.executable, os.path.realpath(sys.executable)))
    files = (os.path.join(sys.prefix, "pyvenv.cfg"), "/dev/random", "/dev/urandom", *WRITABLE_DEVICES)
    readable = [*files, *system, *policy.all_readable()]
    lines = [
        "(version 1)",
        "(deny default)",
        "(allow sysctl-read)",
        "(allow file-read-metadata)",
        "(allow signal (target self))",
        *(f"(allow process-exec (literal {_quoted(path)}))" for path in executables),
        *(f"(allow file-read* (subpath {_quoted(path)}))" for path in [*readable, *executables]),
        f"(allow file-read* file-write* (subpath {_quoted(policy.scratch)}))",
        *(f"(allow file-write-data (literal {_quoted(path)}))" for path in WRITABLE_DEVICES),
    ]
    return "\n".join(lines)


def _quoted(path: str) -> str:
    """A path as a string of the profile language; /tmp and /var are links on macOS, so links are followed."""
    real = os.path.realpath(path)
    return '"' + real.replace("\\", "\\\\").replace('"', '\\"') + '"'
