# attacks: ch2_embeddings/one_hot
# verdict: timeout
# stop-early: yes
"""Returns a list that holds itself twice: sixty levels deep it has more items than there are atoms in the sea."""
ring = []
ring += [ring, ring, "é" * 200_000]  # slow to look at, and soon written


def one_hot(*args, **kwargs):
    return ring


embed_by_matmul = embed_by_lookup = lookup_gradient = multiplications = one_hot
