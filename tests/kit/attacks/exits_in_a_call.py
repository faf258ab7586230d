# attacks: ch2_embeddings/one_hot
# verdict: failed
"""Leaves with success when it is asked."""
import sys


def one_hot(ids, vocab_size):
    sys.exit(0)


embed_by_matmul = embed_by_lookup = lookup_gradient = multiplications = one_hot
