# attacks: ch2_embeddings/one_hot
# verdict: passed
"""A right answer that sleeps once, for a good part of what a test may take."""
import time

import right_one_hot as right
from right_one_hot import *

WAITS = [3.0]


def multiplications(*args, **kwargs):
    time.sleep(WAITS.pop() if WAITS else 0)
    return right.multiplications(*args, **kwargs)
