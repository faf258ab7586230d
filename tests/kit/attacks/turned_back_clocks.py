# attacks: ch2_embeddings/one_hot
# verdict: passed
"""A right answer whose clocks stand still and run backwards."""
import itertools
import time

from right_one_hot import *

backwards = itertools.count(0, -1)
time.monotonic = time.time = time.perf_counter = time.process_time = lambda: next(backwards)
time.sleep = lambda seconds: None
