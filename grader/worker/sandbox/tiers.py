"""The tiers, strongest first, and how a worker enters one.

- `linux-full`: its own user, network and IPC namespaces, Landlock, seccomp, limits.
- `linux-base`: Landlock, seccomp, limits. Needs no privilege and no namespaces.
- `macos`: sandbox-exec around a worker that is started as a process of its own.
- `none`: limits alone.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

from grader.errors import JudgeError
from grader.worker.sandbox import landlock, namespaces, privileges, seccomp
from grader.worker.sandbox.policy import Policy


@dataclass(frozen=True)
class Tier:
    """A strength of sandbox. `advice` says how to get it."""

    name: str
    says: str
    platform: str
    advice: str


TIERS = (
    Tier(
        "linux-full",
        "namespaces, Landlock, seccomp and limits",
        "linux",
        "it needs Linux 5.13 or newer with Landlock, and user namespaces that an ordinary user may make "
        "(`sysctl user.max_user_namespaces`; on Ubuntu also `kernel.apparmor_restrict_unprivileged_userns=0`)",
    ),
    Tier(
        "linux-base",
        "Landlock, seccomp and limits",
        "linux",
        "it needs Linux 5.13 or newer on x86_64 or aarch64 with `landlock` among the names in "
        "/sys/kernel/security/lsm; a container must let its seccomp profile pass the landlock calls",
    ),
    Tier("macos", "sandbox-exec and limits", "darwin", "it needs macOS with /usr/bin/sandbox-exec"),
    Tier("none", "limits alone", "", ""),
)


class SandboxError(JudgeError):
    """A sandbox that was asked for could not be had."""


def tier_named(name: str) -> Tier:
    """The tier of that name."""
    for tier in TIERS:
        if tier.name == name:
            return tier
    raise SandboxError(f"there is no tier {name!r}", "tiers: " + ", ".join(tier.name for tier in TIERS))


def possible() -> tuple[Tier, ...]:
    """The tiers made for this platform, strongest first, without `none`."""
    return tuple(tier for tier in TIERS if tier.platform == sys.platform)


def enter(name: str, policy: Policy) -> None:
    """Hold this process to the policy, for good, as strongly as the tier says. Never less: it raises instead."""
    tier = tier_named(name)
    if tier.platform not in ("", sys.platform):
        raise SandboxError(f"the tier {name} is not made for this platform", tier.advice)
    try:
        if name == "linux-full":
            namespaces.enter()
        if tier.platform == "linux":
            privileges.no_new_privileges()
            privileges.drop_capabilities()
            landlock.enter(policy)
            seccomp.enter()
    except OSError as error:
        raise SandboxError(f"the sandbox {name} could not be started: {error}", tier.advice) from None
