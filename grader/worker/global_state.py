"""The state that every test in a process shares, and who has touched it."""

from __future__ import annotations

import operator
import os
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from grader.protocol.wire import loaded_torch

WATCHED = (
    "torch",
    "torch.nn",
    "torch.nn.functional",
    "torch.nn.init",
    "torch.testing",
    "torch.optim",
    "numpy",
    "numpy.random",
    "numpy.linalg",
    "pytest",
    "builtins",
    "math",
    "json",
    "socket",
    "os",
    "sys",
    "msgspec",
    "grader.protocol.wire",
    "grader.protocol.values",
    "grader.protocol.value_reader",
    "grader.protocol.value_writer",
    "grader.protocol.messages",
    "grader.protocol.frames",
    "grader.worker.request_handler",
)
KEPT_BY_PYTHON = {"__slotnames__"}  # on a class whose objects were copied or saved
WATCHED_SYS = {"stdout", "stderr", "last_type", "last_value", "last_traceback", "last_exc", "path", "argv"}


class GlobalState:
    """A picture of the process, to be compared with a later one."""

    def __init__(self) -> None:
        self.settings = _settings()
        self.modules = {name: NamespaceSnapshot(vars(sys.modules[name])) for name in WATCHED if name in sys.modules}
        self.classes = {name: NamespaceSnapshot(vars(kind)) for name, kind in _classes().items()}

    def changes(self) -> list[str]:
        """In words, what is no longer as it was; empty when all is."""
        now = _settings()
        found = [name for name, value in self.settings.items() if now[name] != value]
        for name, before in self.modules.items():
            found += [f"{name}.{key}" for key in before.patched(vars(sys.modules[name])) if _matters(name, key)]
        for name, kind in _classes().items():
            before, after = self.classes[name], vars(kind)
            if before.is_same(after):
                continue
            keys = [*before.patched(after), *(key for key in after if key not in before.items)]
            found += [f"{name}.{key}" for key in keys if key not in KEPT_BY_PYTHON]
        return found[:10]


class NamespaceSnapshot:
    """The names of a module or a class, and what they stood for. Looked at after every test, so it must be quick."""

    def __init__(self, names: Mapping[str, Any]) -> None:
        self.items = dict(names)

    def patched(self, now: Mapping[str, Any]) -> list[str]:
        """The names that stand for something else now, or are gone."""
        return [] if self.is_same(now) else [key for key, value in self.items.items() if now.get(key) is not value]

    def is_same(self, now: Mapping[str, Any]) -> bool:
        """Whether nothing stands for something else, and nothing came or went."""
        return len(now) == len(self.items) and all(map(operator.is_, now.values(), self.items.values()))


def _classes() -> dict[str, type]:
    torch = loaded_torch()
    if torch is None:
        return {}
    return {"torch.Tensor": torch.Tensor, "torch.nn.Module": torch.nn.Module, "torch.nn.Linear": torch.nn.Linear}


def _matters(module: str, key: str) -> bool:
    return not key.startswith("__") and not (module == "sys" and key in WATCHED_SYS) and key != "_"


def _settings() -> dict[str, Any]:
    found: dict[str, Any] = {
        "threads left running": threading.active_count(),
        "child processes left running": _children(),
        "the working directory": _folder(),
        "NumPy's error handling": tuple(sorted(np.geterr().items())),
    }
    torch = loaded_torch()
    if torch is not None:
        found |= {
            "the default dtype": torch.get_default_dtype(),
            "the default device": str(torch.get_default_device()),
            "the number of torch threads": torch.get_num_threads(),
            "whether gradients are on": torch.is_grad_enabled(),
            "torch's deterministic mode": torch.are_deterministic_algorithms_enabled(),
        }
    return found


def _folder() -> str:
    """Where the process stands; empty where that was removed under it."""
    try:
        return os.getcwd()
    except OSError:
        return ""


def _children() -> int:
    try:
        text = Path(f"/proc/self/task/{threading.get_native_id()}/children").read_text()
    except OSError:
        return 0
    return len(text.split())
