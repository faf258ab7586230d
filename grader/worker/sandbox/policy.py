"""What a worker may see of the file system: the interpreter's own files, the learner's tree, one scratch folder."""

from __future__ import annotations

import functools
import os
import sys
import sysconfig
from dataclasses import dataclass

# Shared libraries, fonts and time zones; what NumPy and torch ask about the processor.
SYSTEM_TREES = (
    "/lib",
    "/lib64",
    "/usr/lib",
    "/usr/lib64",
    "/etc/ld.so.cache",
    "/etc/fonts",
    "/etc/localtime",
    "/usr/share/fonts",
    "/usr/local/share/fonts",
    "/usr/share/zoneinfo",
    "/sys/devices/system/cpu",
    "/proc/cpuinfo",
    "/dev/zero",
    "/dev/random",
    "/dev/urandom",
)
WRITABLE_DEVICES = ("/dev/null",)


@dataclass(frozen=True)
class Policy:
    """`readable` trees and files beside the interpreter's, and the one folder that may be written to."""

    scratch: str
    readable: tuple[str, ...] = ()

    def all_readable(self) -> tuple[str, ...]:
        """Every tree and file that may be read, those of the interpreter included."""
        return (*interpreter_trees(), *self.readable)


@functools.cache
def interpreter_trees() -> tuple[str, ...]:
    """The libraries of this interpreter and of its environment, and the system's. Never the kit itself."""
    found = [*SYSTEM_TREES]
    for prefix in dict.fromkeys((sys.prefix, sys.exec_prefix, sys.base_prefix, sys.base_exec_prefix)):
        found += [os.path.join(prefix, name) for name in ("lib", "lib64")]
    paths = sysconfig.get_paths()
    found += [paths[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")]
    # An editable install puts the kit's root on the search path, and the solutions stand there: so only
    # folders that are named as installers name them.
    names = ("site-packages", "dist-packages")
    found += [item for item in sys.path if os.path.basename(item.rstrip("/")) in names]
    return tuple(item for item in dict.fromkeys(found) if os.path.exists(item))
