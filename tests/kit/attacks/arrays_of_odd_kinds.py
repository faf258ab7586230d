# attacks: ch2_embeddings/one_hot
# verdict: failed
"""Returns arrays of structures, objects, dates, letters, of no numbers and huge shapes, and of sixteen bytes a number."""
import itertools

import numpy as np

KINDS = itertools.cycle(
    [
        lambda n: np.zeros(n, dtype=[("a", "f8"), ("b", "i4")]),
        lambda n: np.array([object()] * n, dtype=object),
        lambda n: np.zeros(n, dtype="M8[s]"),
        lambda n: np.array(["x" * 1000] * n),
        lambda n: np.zeros(n, dtype="V7"),
        lambda n: np.zeros((0, 2**30)),
        lambda n: np.frombuffer(b"\xff" * 16 * n, dtype=np.longdouble),
        lambda n: np.lib.stride_tricks.as_strided(np.zeros(1), (2**12, 2**11), (0, 0)),
        lambda n: np.ma.masked_array(np.zeros(n), [True] * n),
        lambda n: np.zeros((1,) * 30),
        lambda n: np.void(b"x"),
        lambda n: np.zeros(n).view(np.recarray),
    ]
)


def one_hot(ids, *args):
    return next(KINDS)(max(1, len(ids)))


embed_by_matmul = embed_by_lookup = lookup_gradient = one_hot


def multiplications(n_ids, *args):
    return next(KINDS)(2)
