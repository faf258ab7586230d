"""The device that a model is to run on: whether it is there."""

from __future__ import annotations

from grader.errors import UsageError


def check_device(device: str) -> None:
    """Refuse a device that this machine does not have, and say which there are."""
    import torch  # heavy, and only some commands need it

    there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    kind = device.split(":")[0]
    if not there.get(kind):
        found = ", ".join(name for name, available in there.items() if available)
        raise UsageError(f"there is no device {device!r} here", f"there is: {found}")
