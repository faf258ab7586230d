# attacks: ch2_embeddings/one_hot
# verdict: passed
"""A right answer that, asked what it changed, calls functions of the grader which there are not."""
import grader.worker.global_state
from right_one_hot import *
from tricks import CALLBACK, frame, send

CALL = frame(["CallBack", 0, ["list", []], ["dict", []]], kind=CALLBACK)
grader.worker.global_state.GlobalState.changes = lambda self: send(CALL)
