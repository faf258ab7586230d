# attacks: ch2_embeddings/one_hot
# verdict: passed
"""A right answer that makes its process unreadable, ignores every signal, and leaves its group."""
import contextlib
import ctypes
import os
import signal

from right_one_hot import *

ctypes.CDLL(None).prctl(4, 0, 0, 0, 0)
for number in range(1, 65):
    with contextlib.suppress(OSError, ValueError):
        signal.signal(number, signal.SIG_IGN)
signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
for action in (os.setsid, os.setpgrp, lambda: os.setpgid(0, os.getppid()), lambda: os.umask(0o777)):
    with contextlib.suppress(OSError):
        action()
