# attacks: ch2_embeddings/one_hot
# verdict: failed
# stop-early: yes
"""Answers with bytes that are no message."""
from tricks import send


def one_hot(*args, **kwargs):
    send(b"\x02\x00\x00\x00\x10\x00\x00\x00\x00" + b"\xc1" * 16)


embed_by_matmul = embed_by_lookup = lookup_gradient = multiplications = one_hot
