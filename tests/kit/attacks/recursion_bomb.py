# attacks: ch2_embeddings/one_hot
# verdict: failed
# stop-early: yes
"""Recursion without end, with the limit lifted."""
import sys

sys.setrecursionlimit(10**8)


def one_hot(*args, **kwargs):
    return [one_hot(*args, **kwargs)]


embed_by_matmul = embed_by_lookup = lookup_gradient = multiplications = one_hot
