# attacks: ch2_embeddings/one_hot
# verdict: failed
"""Answers with two hundred million bytes that are written out four times as long."""
from tricks import returned, send

PART = bytes(2**20)


def one_hot(*args, **kwargs):
    whole = returned(["bytes", 200 * 2**20])
    send(whole[:5] + (200 * 2**20).to_bytes(4, "big") + whole[9:])
    for _ in range(200):
        send(PART)


embed_by_matmul = embed_by_lookup = lookup_gradient = multiplications = one_hot
