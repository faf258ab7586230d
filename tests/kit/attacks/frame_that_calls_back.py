# attacks: ch2_embeddings/one_hot
# verdict: failed
# stop-early: yes
"""Asks the grader to call functions that were never passed."""
from tricks import CALLBACK, frame, send


def one_hot(*args, **kwargs):
    for number in (0, -1, 10**9, "exec"):
        call = ["CallBack", number, ["list", ["import os"]], ["dict", []]]
        send(frame(call, kind=CALLBACK))


embed_by_matmul = embed_by_lookup = lookup_gradient = multiplications = one_hot
