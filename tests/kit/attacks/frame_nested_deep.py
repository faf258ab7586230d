# attacks: ch2_embeddings/one_hot
# verdict: failed
# stop-early: yes
"""Answers with lists in lists in lists."""
from tricks import REPLY, send

DEEP = b"\x91" * 100_000


def one_hot(*args, **kwargs):
    send(bytes([REPLY]) + len(DEEP).to_bytes(4, "big") + bytes(4) + DEEP)


embed_by_matmul = embed_by_lookup = lookup_gradient = multiplications = one_hot
