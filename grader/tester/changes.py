"""Changes of arguments, reported from the other side, made here as well."""

from __future__ import annotations

from typing import Any

import numpy as np

from grader.protocol.wire import loaded_torch


def advance(old: Any, new: Any) -> bool:
    """Give a generator the state that its copy on the other side has reached."""
    torch = loaded_torch()
    if isinstance(old, np.random.Generator) and isinstance(new, np.random.Generator):
        old.bit_generator.state = new.bit_generator.state
        return True
    if torch is not None and isinstance(old, torch.Generator) and isinstance(new, torch.Generator):
        old.set_state(new.get_state())
        return True
    return False


def write_back(old: Any, new: Any) -> None:
    """Make a change of an argument, reported from the other side, here as well."""
    torch = loaded_torch()
    if torch is not None and isinstance(old, torch.Tensor) and isinstance(new, torch.Tensor):
        with torch.no_grad():
            old.resize_(new.shape).copy_(new) if old.shape != new.shape else old.copy_(new)
    elif isinstance(old, np.ndarray):
        old[...] = new
    elif type(old) is list:
        old[:] = new
    elif isinstance(old, dict):
        old.clear()
        old.update(new)
