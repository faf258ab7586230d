# attacks: ch2_embeddings/one_hot
# verdict: failed
"""Returns what is short to send and long to go through: letters, iterators, mappings of millions of items."""
import itertools

KINDS = itertools.cycle([lambda: "x" * 7_000_000, lambda: iter([0] * 1_000_000), lambda: dict.fromkeys(range(500_000))])


def multiplications(*args):
    return next(KINDS)()


def one_hot(*args):
    return next(KINDS)()


embed_by_matmul = embed_by_lookup = lookup_gradient = one_hot
