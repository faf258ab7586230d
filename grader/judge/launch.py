"""Starting the judging processes: a clean interpreter, with nothing of the caller's but what it needs."""

from __future__ import annotations

import os
import sys
from pathlib import Path

# The collector is off while modules are imported: they leave next to no garbage, and looking for it takes a quarter
# of their time. `prepare` switches it on again.
BOOT = (
    "import gc, sys; gc.disable(); sys.path.insert(0, sys.argv[1]); "
    "from importlib import import_module; import_module(sys.argv[2]).start(sys.argv[3:])"
)
# What a run may need beforehand: `libraries` finds these names in the files, `preparation` imports what they mean.
LIBRARIES = TORCH, OPTIMIZERS, META, COUNTING, PICTURES = "torch", "optim", "meta", "counting", "pictures"
SERVER, TESTER, WORKER = "grader.judge.server", "grader.judge.spawned_tester", "grader.judge.spawned_worker"
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
# The order of a set is the same in every run: where a wrong answer rests on it, its verdict is no matter of luck.
ONE_ORDER = {"PYTHONHASHSEED": "0"}
# Large blocks come from the system and go back to it one by one. Left to itself the allocator soon takes them from its
# heap, where small ones that are kept in between split the room: what a right answer takes at most, such as 27 MiB,
# was up to 333 MiB by chance, and no bound of memory could tell it from a wrong one.
BLOCK_BYTES = 2**20
NO_PIECES = {"MALLOC_MMAP_THRESHOLD_": str(BLOCK_BYTES), "MALLOC_TRIM_THRESHOLD_": str(2 * BLOCK_BYTES)}
KEPT_VARIABLES = ("PATH", "LANG", "LC_ALL", "TMPDIR", "TEMP", "SYSTEMROOT", "LD_LIBRARY_PATH", "GRADER_TRACE")


def boot_command(module: str, *arguments: str) -> list[str]:
    """The command line that calls a module's `start`: it knows this package and nothing of the caller's folder.

    It is `-I` but for the variables, which are those of the environments below alone: `-I` would not read `ONE_ORDER`.
    """
    package_root = str(Path(__file__).resolve().parents[2])
    return [sys.executable, "-P", "-s", "-c", BOOT, package_root, module, *arguments]


def trusted_environment() -> dict[str, str]:
    """What server and testers need of the caller's environment, and nothing else of it."""
    kept = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
    return kept | ONE_THREAD | ONE_ORDER | NO_PIECES | {"MPLBACKEND": "Agg"}


def worker_environment() -> dict[str, str]:
    """What a worker gets that is started as a process of its own."""
    return {"PATH": os.defpath, **ONE_THREAD, **ONE_ORDER, **NO_PIECES}
