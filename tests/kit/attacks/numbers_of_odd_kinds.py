# attacks: ch2_embeddings/one_hot
# verdict: failed
"""Returns numbers beyond 64 bits, truths and fractions for whole numbers, and others that are no number at all."""
import itertools

import numpy as np

KINDS = itertools.cycle(
    [
        (10**4000, 0),
        (-(2**200), 2**64),
        (True, False),
        (float("nan"), 0),
        (float("inf"), -0.0),
        (complex(0, float("nan")), 0j),
        (np.uint64(2**64 - 1), np.int8(0)),
        (np.float16("nan"), np.longdouble("inf")),
        (Ellipsis, slice(None)),
        ("39523713024", "0"),
        (b"", bytearray(3)),
        (range(10**18), 0),
    ]
)


def multiplications(*args):
    return next(KINDS)


def one_hot(*args):
    return np.full((2, 2), next(KINDS)[0])


embed_by_matmul = embed_by_lookup = lookup_gradient = one_hot
