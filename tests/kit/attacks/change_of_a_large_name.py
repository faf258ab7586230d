# attacks: ch2_embeddings/one_hot
# verdict: failed
"""Tells of a change of an argument whose name has eight million letters."""
from tricks import frame, send


def one_hot(ids, vocab_size):
    send(frame(["Returned", 1, ["dict", [["k" * 8_000_000, 1]]], 1, None]))


embed_by_matmul = embed_by_lookup = lookup_gradient = multiplications = one_hot
