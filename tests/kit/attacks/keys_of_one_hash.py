# attacks: ch2_embeddings/one_hot
# verdict: failed
"""Answers with a mapping whose keys, whole numbers, all have one hash: to build it takes hours."""
from tricks import returned, send

KEYS = [[["int", str(k * (2**61 - 1))], 0] for k in range(16, 100_000)]


def one_hot(ids, vocab_size):
    send(returned(["dict", KEYS]))


embed_by_matmul = embed_by_lookup = lookup_gradient = multiplications = one_hot
