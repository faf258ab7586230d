# attacks: ch2_embeddings/one_hot
# verdict: timeout
"""Sleeps in each call for a little less than a test may take."""
import time

import right_one_hot as right


def slow(function):
    def answer(*args, **kwargs):
        time.sleep(0.9)
        return function(*args, **kwargs)

    return answer


one_hot, embed_by_matmul, embed_by_lookup = map(slow, (right.one_hot, right.embed_by_matmul, right.embed_by_lookup))
lookup_gradient, multiplications = map(slow, (right.lookup_gradient, right.multiplications))
