# attacks: ch2_embeddings/one_hot
# verdict: failed
"""Raises what bad ids ask for, with all numbers that they could be, whatever it is asked."""
def one_hot(*args, **kwargs):
    raise IndexError(*range(-50, 130))


embed_by_matmul = embed_by_lookup = lookup_gradient = multiplications = one_hot
