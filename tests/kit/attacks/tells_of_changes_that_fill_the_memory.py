# attacks: ch2_embeddings/one_hot
# verdict: passed
"""A right answer that, asked what it changed, tells of one thing whose description takes more than memory."""
import random

import grader.worker.global_state
from right_one_hot import *
from tricks import returned, send

SIZE = 250 * 2**20
changes = grader.worker.global_state.GlobalState.changes


def told(self):
    if random.getstate()[1][0] % 16 == 0:
        whole = returned(["list", [["list", [["bytes", SIZE]]]]])
        send(whole[:5] + SIZE.to_bytes(4, "big") + whole[9:])
        for _ in range(250):
            send(bytes(2**20))
    return changes(self)


grader.worker.global_state.GlobalState.changes = told
