# attacks: ch2_embeddings/one_hot
# verdict: failed
"""Returns lists, mappings and arrays that hold themselves."""
import collections

import numpy as np

ring = []
ring.append(ring)
endless = collections.defaultdict(dict)
endless[0] = {1: endless}
cell = np.empty(1, dtype=object)
cell[0] = cell
error = ExceptionGroup("x", [ValueError("x")])
error.__cause__ = error
error.__context__ = error


def one_hot(*args):
    return ring


def embed_by_matmul(*args):
    return endless


def embed_by_lookup(*args):
    return cell


def lookup_gradient(*args):
    raise error


def multiplications(*args):
    return (ring, endless)
