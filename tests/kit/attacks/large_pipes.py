# attacks: ch2_embeddings/one_hot
# verdict: passed
"""A right answer that makes its pipes as large as it may, fills them, and reads its own output back."""
import contextlib
import fcntl
import os

from right_one_hot import *
from tricks import trace_pipe

kept = []
for number in (1, trace_pipe()):
    with contextlib.suppress(OSError):
        fcntl.fcntl(number, 1031, 2**20)
    with contextlib.suppress(OSError):
        kept.append(os.open(f"/proc/self/fd/{number}", os.O_RDONLY | os.O_NONBLOCK))
        os.write(number, b"x" * 60_000)
        os.read(kept[-1], 30_000)
