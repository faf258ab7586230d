# attacks: ch2_embeddings/one_hot
# verdict: passed
"""A right answer that, asked what it changed, tells of numbers, arrays, generators and lists in lists."""
import itertools

import grader.worker.global_state
import numpy as np
from right_one_hot import *

deep = []
for _ in range(50):
    deep = [deep]
ODD = [10**3990, np.zeros(10**5), np.random.default_rng(), {1: {2: 3}}, deep, b"\x00" * 100, "\x1b[2J" * 100, iter([1])]
grader.worker.global_state.GlobalState.changes = lambda self: ODD * 10
