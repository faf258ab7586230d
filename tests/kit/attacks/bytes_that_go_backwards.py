# attacks: ch2_embeddings/one_hot
# verdict: failed
"""Answers with bytes of a size below zero, so that the same few are read again and again."""
from tricks import returned, send

N = 1_000_000
BODY = b"x" * N


def one_hot(*args, **kwargs):
    send(returned(["list", [["bytes", N], ["bytes", -N]] * 20_000 + [["bytes", N]]], BODY))


def embed_by_matmul(*args):
    send(returned(["list", [["generator", -5056]] + [["bytes", 5056]]], b"x" * 5056))


embed_by_lookup = lookup_gradient = multiplications = one_hot
