# attacks: ch2_embeddings/one_hot
# verdict: failed
"""Tells of an exception with a message, names, frames and values of millions of letters."""
from tricks import frame, send

LONG = "x" * 500_000
FRAME = [LONG, 2**60, LONG, LONG, [[LONG, LONG]]]


def one_hot(ids, vocab_size):
    send(frame(["Raised", ["E"] * 300_000, LONG, [FRAME]]))


def embed_by_matmul(*args):
    send(frame(["Raised", [LONG], LONG, [["a.py", 1, "f", "", []]] * 300_000]))


embed_by_lookup = lookup_gradient = multiplications = one_hot
