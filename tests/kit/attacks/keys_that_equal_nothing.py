# attacks: ch2_embeddings/one_hot
# verdict: failed
"""Returns mappings and sets of numbers that equal nothing, not even themselves."""
import math


def one_hot(*args, **kwargs):
    return {float("nan"): {float("nan")} for _ in range(10_000)}


def multiplications(*args):
    return {(math.nan, math.nan), (math.nan, 0), frozenset([math.nan])}


embed_by_matmul = embed_by_lookup = lookup_gradient = one_hot
