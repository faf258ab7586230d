"""Programs that put a sandbox around a worker that is started as a process of its own."""

from __future__ import annotations

import os
import shutil
import sys

from grader.worker.sandbox.policy import WRITABLE_DEVICES, Policy

SANDBOX_EXEC = "/usr/bin/sandbox-exec"


def command_prefix(tier: str, policy: Policy, info: int | None = None) -> list[str]:
    """What stands before the worker's command line; empty where the worker encloses itself.

    bubblewrap writes the worker's process number to the descriptor `info`.
    """
    if tier == "macos":
        return [SANDBOX_EXEC, "-p", macos_profile(policy)]
    if tier == "linux-full" and (program := shutil.which("bwrap")):
        return bubblewrap(program, policy, info)
    return []


def bubblewrap(program: str, policy: Policy, info: int | None = None) -> list[str]:
    """bubblewrap: an empty file system into which only what the policy names is put. No process but its own is seen."""
    command = [program, "--unshare-user", "--unshare-ipc", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try"]
    if info is not None:
        command += ["--info-fd", str(info)]
    command += ["--unshare-pid", "--as-pid-1", "--die-with-parent", "--new-session", "--dev", "/dev", "--proc", "/proc"]
    interpreter = (sys.executable, os.path.realpath(sys.executable), os.path.join(sys.prefix, "pyvenv.cfg"))
    for path in dict.fromkeys((*policy.all_readable(), *interpreter)):
        if not path.startswith(("/dev/", "/proc/")):
            command += ["--ro-bind-try", path, path]
    return [*command, "--bind", policy.scratch, policy.scratch, "--chdir", policy.scratch]


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
