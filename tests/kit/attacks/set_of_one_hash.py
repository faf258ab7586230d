# attacks: ch2_embeddings/embedding
# verdict: failed
"""Answers with sets of numbers and of tuples that all have one hash."""
from tricks import returned, send

P = 2**61 - 1
FLOATS = [float(2**j) for j in range(0, 1000, 61)]
TUPLES = [["tuple", [["int", str(k * P)], 1]] for k in range(16, 100_000)]


class Embedding:
    def __init__(self, *args, **kwargs):
        send(returned(["set", FLOATS * 5000 + TUPLES]))
