"""Starting the judging processes: what their environment does."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import pytest

from grader.judge.launch import trusted_environment, worker_environment

# Large blocks come and go, and a small one is kept beside each. Printed are the most bytes that were alive and the most
# that were taken from the system, in MiB.
BLOCKS = """
import random

def taken():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmData")) // 1024

draw = random.Random(1)
bytearray(31 << 20)
first, most, alive, blocks, kept = taken(), 0, 0, [], []
for _ in range(400):
    blocks.append(bytearray(draw.randrange(2 << 20, 9 << 20)))
    kept.append(bytearray(24_000))
    if len(blocks) > 4:
        del blocks[draw.randrange(5)]
    most = max(most, taken() - first)
    alive = max(alive, sum(map(len, blocks + kept)) >> 20)
print(alive, most)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="memory is bounded on Linux alone")
@pytest.mark.parametrize("environment", [trusted_environment, worker_environment])
def test_small_blocks_that_are_kept_do_not_split_the_room_of_large_ones(
    environment: Callable[[], dict[str, str]],
) -> None:
    """Otherwise more than twice as much is taken as is alive, and more by chance: no bound would be a fair one."""
    done = subprocess.run(
        [sys.executable, "-c", BLOCKS], env=environment(), capture_output=True, text=True, check=True, timeout=60
    )
    alive, most = map(int, done.stdout.split())
    assert most <= alive + 8
