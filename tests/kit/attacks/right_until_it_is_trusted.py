# attacks: ch2_embeddings/one_hot
# verdict: failed
"""Answers rightly twenty times, and wrongly ever after."""
import itertools

import right_one_hot as right

asked = itertools.count()


def tiring(function):
    return lambda *args, **kwargs: function(*args, **kwargs) if next(asked) < 20 else None


one_hot, embed_by_matmul, embed_by_lookup = map(tiring, (right.one_hot, right.embed_by_matmul, right.embed_by_lookup))
lookup_gradient, multiplications = map(tiring, (right.lookup_gradient, right.multiplications))
