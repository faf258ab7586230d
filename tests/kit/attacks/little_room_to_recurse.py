# attacks: ch2_embeddings/one_hot
# verdict: failed
"""Leaves the interpreter next to no depth of calls, and switches threads as often as it can."""
import sys

sys.setswitchinterval(1e-9)


def one_hot(*args, **kwargs):
    for limit in range(1, 1000):
        try:
            sys.setrecursionlimit(limit)
        except RecursionError:
            continue
        return [[[[1]]]]


embed_by_matmul = embed_by_lookup = lookup_gradient = multiplications = one_hot
