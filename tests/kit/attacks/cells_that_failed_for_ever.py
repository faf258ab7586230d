# attacks: ch2_embeddings/one_hot
# verdict: failed
"""Tells, while it is imported, of a hundred thousand cells that failed."""
from tricks import frame, send

send(frame(["Loaded", None, [["ch2_embeddings.one_hot", n, n, "E" * 50, "m" * 10, False] for n in range(60_000)]]))


def one_hot(ids, vocab_size):
    return None
