# attacks: ch2_embeddings/one_hot
# verdict: timeout
# stop-early: yes
"""Sends a frame so slowly that it is never whole, but never pauses for long."""
import time

from tricks import send


def one_hot(*args, **kwargs):
    send(b"\x02\x00\x01\x00\x00\x00\x00\x00\x00")
    while True:
        send(b"\xc0")
        time.sleep(0.01)


embed_by_matmul = embed_by_lookup = lookup_gradient = multiplications = one_hot
