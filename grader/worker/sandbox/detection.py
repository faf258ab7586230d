"""Which tier this machine offers: the strongest whose canary came back empty-handed."""

from __future__ import annotations

import functools
from dataclasses import dataclass

from grader.worker.sandbox.canary import Finding, probe
from grader.worker.sandbox.tiers import SandboxError, possible, tier_named


@dataclass(frozen=True)
class Trial:
    """A tier and what its canary saw."""

    tier: str
    findings: tuple[Finding, ...]

    @property
    def holds(self) -> bool:
        return bool(self.findings) and all(finding.held for finding in self.findings)

    @property
    def trouble(self) -> str:
        """The first thing that did not go as it must."""
        return next((f"{item.name}: {item.saw}" for item in self.findings if not item.held), "")


@functools.cache
def tried(name: str) -> Trial:
    """The tier's canary, run once in this process's life."""
    return Trial(name, probe(name))


@functools.cache
def detect() -> str:
    """The strongest tier that holds here; `none` if none does."""
    return next((tier.name for tier in possible() if tried(tier.name).holds), "none")


def available() -> tuple[str, ...]:
    """Every tier that holds here, strongest first; `none` is always the last."""
    return (*(tier.name for tier in possible() if tried(tier.name).holds), "none")


def require(name: str) -> str:
    """The tier of that name, proved to hold here. It is an error if it does not: never a silent pass."""
    tier = tier_named(name)
    if name == "none":
        return name
    if tier not in possible():
        raise SandboxError(f"the sandbox {name} is not made for this platform", tier.advice)
    trial = tried(name)
    if not trial.holds:
        raise SandboxError(f"the sandbox {name} does not hold here ({trial.trouble})", tier.advice)
    return name
