# attacks: ch2_embeddings/one_hot
# verdict: failed
"""Answers every call with an exception that has no type, no message and lines below zero."""
from tricks import frame, send


def one_hot(*args, **kwargs):
    send(frame(["Raised", [], "", [["", -(2**63), "", "", []], [__file__, 2**64 - 1, "", "", [["", ""]]]]]))


embed_by_matmul = embed_by_lookup = lookup_gradient = multiplications = one_hot
