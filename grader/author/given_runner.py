"""A process of its own that runs the kit's tests of given code, over and over: torch is imported once.

A line of JSON on standard input asks for one run: the file of tests, the tree of solutions to import from, and the
seconds that it may take. The answer is a line with pytest's exit code, or with -1 where time ran out.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
import time

# What each run would import for itself.
import jaxtyping  # noqa: F401
import matplotlib.backends.backend_agg
import matplotlib.figure  # noqa: F401
import pytest
import torch

OUT_OF_TIME = -1
ARGUMENTS = ("-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist")


def main() -> None:
    """Answer until nothing more is asked. What pytest prints goes nowhere."""
    torch.set_num_threads(1)  # before anything is computed: a fork of a process with threads may hang
    sys.dont_write_bytecode = True
    gc.freeze()
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    for line in sys.stdin:
        asked = json.loads(line)
        answers.write(f"{run_apart(asked['tests'], asked['solutions'], asked['seconds'])}\n")
        answers.flush()


def run_apart(tests: str, solutions: str, seconds: float) -> int:
    """pytest on one file, in a fork."""
    child = os.fork()
    if child == 0:
        os.environ["KIT_SOLUTIONS"] = solutions
        os._exit(pytest.main([*ARGUMENTS, tests]))
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.02)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return OUT_OF_TIME


if __name__ == "__main__":
    main()
