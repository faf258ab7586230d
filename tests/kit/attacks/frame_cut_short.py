# attacks: ch2_embeddings/one_hot
# verdict: timeout
# stop-early: yes
"""Sends half of a frame, and waits."""
import time

from tricks import send


def one_hot(*args, **kwargs):
    send(b"\x02\x00\x00\x01\x00\x00\x00\x00\x00" + b"\x92")
    time.sleep(1000)


embed_by_matmul = embed_by_lookup = lookup_gradient = multiplications = one_hot
