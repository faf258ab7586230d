# attacks: ch2_embeddings/one_hot
# verdict: failed
"""Answers with mappings of whole numbers that differ, whose lowest forty bits do not."""
from tricks import returned, send

PAIRS = [[k << 40, 0] for k in range(100_000)]


def one_hot(*args):
    send(returned(["dict", PAIRS]))


def multiplications(*args):
    send(returned(["set", [["tuple", [*([0] * 50_000), ["int", str(k * (2**61 - 1))]]] for k in range(16, 80)]]))


embed_by_matmul = embed_by_lookup = lookup_gradient = one_hot
