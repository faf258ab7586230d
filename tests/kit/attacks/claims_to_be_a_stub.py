# attacks: ch2_embeddings/one_hot
# verdict: todo
"""Raises what a stub raises: that is no failure, and no point either."""


def one_hot(*args, **kwargs):
    raise NotImplementedError


embed_by_matmul = embed_by_lookup = lookup_gradient = multiplications = one_hot
