# attacks: ch2_embeddings/one_hot
# verdict: passed
"""A right answer that forks twice into a session of its own, so as to live on. Where it can, it must not."""
import os
import time

from right_one_hot import *

try:
    if os.fork() == 0:
        os.setsid()
        for _ in range(3):
            if os.fork() == 0:
                time.sleep(60)
                os._exit(0)
        os._exit(0)
    os.wait()
except OSError:
    pass
