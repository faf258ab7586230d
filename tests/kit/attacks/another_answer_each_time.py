# attacks: ch2_embeddings/one_hot
# verdict: failed
"""Answers rightly or wrongly as a coin falls."""
import random

import numpy as np
import right_one_hot as right

coin = random.Random()


def one_hot(ids, vocab_size):
    rows = right.one_hot(ids, vocab_size)
    return rows if coin.random() < 0.5 else np.roll(rows, 1)


def embed_by_lookup(ids, table):
    return right.embed_by_lookup(ids, table) + (0 if coin.random() < 0.5 else 1)


embed_by_matmul, lookup_gradient, multiplications = embed_by_lookup, right.lookup_gradient, right.multiplications
