# attacks: ch2_embeddings/one_hot
# verdict: failed
# stop-early: yes
"""Announces a frame larger than memory."""
from tricks import send


def one_hot(*args, **kwargs):
    send(b"\x02\xff\xff\xff\xff\xff\xff\xff\xff")


embed_by_matmul = embed_by_lookup = lookup_gradient = multiplications = one_hot
