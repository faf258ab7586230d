"""What of the kit works on this machine: the interpreter and its libraries, and each mechanism of the sandbox."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import platform
import resource
import shutil
import sys
import tempfile
from collections.abc import Callable

import msgspec

from grader.worker.sandbox import detection, landlock, namespaces, privileges, seccomp
from grader.worker.sandbox.tiers import possible

OLDEST_PYTHON = (3, 11)
LIBRARIES = ("torch", "numpy", "pytest", "msgspec", "jaxtyping", "matplotlib", "regex", "rich", "nbformat")
MIN_FREE_BYTES = 2**30


class Check(msgspec.Struct, frozen=True):
    """One thing looked at. `needed` tells whether the kit works without it; `advice` says how to get it."""

    name: str
    works: bool
    saw: str
    needed: bool = False
    advice: str = ""


def doctor() -> tuple[Check, ...]:
    """Look at everything, the necessary first. Takes about a second and changes nothing."""
    return (python(), *libraries(), disk(), *mechanisms(), *tiers(), strongest())


def python() -> Check:
    """The interpreter is one that the kit is tested with."""
    needed = ".".join(map(str, OLDEST_PYTHON))
    works = sys.version_info >= OLDEST_PYTHON
    return Check("Python", works, platform.python_version(), True, f"install Python {needed} or newer")


def libraries() -> tuple[Check, ...]:
    """Each library that exercises and grader import is installed. None is imported here: torch alone takes seconds."""
    return tuple(_library(name) for name in LIBRARIES)


def _library(name: str) -> Check:
    advice = "`pip install -e .` in the kit's folder"
    if importlib.util.find_spec(name) is None:
        return Check(name, False, "not installed", True, advice)
    return Check(name, True, importlib.metadata.version(name), True, advice)


def disk() -> Check:
    """The temporary folder can be written to and has room."""
    folder = tempfile.gettempdir()
    free = shutil.disk_usage(folder).free
    works = free >= MIN_FREE_BYTES and os.access(folder, os.W_OK)
    saw = f"{free / 2**30:.1f} GiB free in {folder}"
    return Check("temporary folder", works, saw, True, "free some space, or set TMPDIR to a larger disk")


def mechanisms() -> tuple[Check, ...]:
    """What the sandbox is made of, each tried on its own in a throwaway process."""
    if sys.platform == "darwin":
        found = os.path.exists("/usr/bin/sandbox-exec")
        return (Check("sandbox-exec", found, "installed" if found else "not found", advice="it comes with macOS"),)
    if sys.platform != "linux":
        return ()
    version = landlock.version()
    return (
        Check(
            "Landlock",
            version > 0,
            f"version {version}" if version else "not in this kernel, or switched off",
            advice="Linux 5.13 or newer, started with `landlock` among its `lsm=` names",
        ),
        _tried("seccomp", _filter, "a kernel with CONFIG_SECCOMP_FILTER, on x86_64 or aarch64"),
        _tried(
            "namespaces",
            namespaces.enter,
            "`sysctl user.max_user_namespaces` above 0; on Ubuntu `kernel.apparmor_restrict_unprivileged_userns=0`; "
            "in a container, a seccomp profile that allows unshare",
        ),
        _tried("limits", _limits, "every Linux has them; a parent's hard limits may be lower"),
    )


def tiers() -> tuple[Check, ...]:
    """Each tier made for this platform, proved by its canary."""
    return tuple(_tier(tier.name, tier.says, tier.advice) for tier in possible())


def _tier(name: str, says: str, advice: str) -> Check:
    trial = detection.tried(name)
    held = sum(finding.held for finding in trial.findings)
    saw = f"{says}; {held} attempts went as they must" if trial.holds else trial.trouble
    return Check(f"sandbox {name}", trial.holds, saw, advice=advice)


def strongest() -> Check:
    """The tier that a check will use."""
    name = detection.detect()
    saw = name if name != "none" else "none: checks run with limits alone, and scoring refuses"
    return Check("sandbox in use", name != "none", saw, advice="any tier above; on other systems, Linux in a container")


def _tried(name: str, action: Callable[[], object], advice: str) -> Check:
    """Try something that cannot be taken back, in a child."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            action()
            os.write(writer, b"works")
        except BaseException as error:
            os.write(writer, str(error).encode()[:500] or b"failed")
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        said = pipe.read().decode(errors="replace")
    os.waitpid(pid, 0)
    return Check(name, said == "works", said or "the process was ended", advice=advice)


def _filter() -> None:
    privileges.no_new_privileges()
    seccomp.enter()
    try:
        os.fork()
    except PermissionError:
        return
    raise OSError("the filter lets a fork pass")


def _limits() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (2**33, 2**33))
    resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, 2**20))
