# attacks: ch2_embeddings/one_hot
# verdict: failed
# stop-early: yes
"""Asks for all memory, a piece at a time, and keeps it."""
kept = []


def one_hot(*args, **kwargs):
    while True:
        kept.append(bytearray(16 * 2**20))


embed_by_matmul = embed_by_lookup = lookup_gradient = multiplications = one_hot
