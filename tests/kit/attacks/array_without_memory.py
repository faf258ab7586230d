# attacks: ch2_embeddings/one_hot
# verdict: failed
# stop-early: yes
"""Returns an array whose memory is nowhere, so that sending it crashes."""
import ctypes

import numpy as np


def one_hot(*args, **kwargs):
    result = np.zeros(10**6)
    ctypes.c_uint64.from_address(id(result) + 16).value = 8
    return result


embed_by_matmul = embed_by_lookup = lookup_gradient = multiplications = one_hot
