# attacks: ch2_embeddings/one_hot
# verdict: todo
"""A stub at the end of a file of many statements, which is slow to parse each time it is met."""
@15000 TIMES x=0;@


def one_hot(*args, **kwargs):
    raise NotImplementedError


embed_by_matmul = embed_by_lookup = lookup_gradient = multiplications = one_hot
