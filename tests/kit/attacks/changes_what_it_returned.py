# attacks: ch2_embeddings/one_hot
# verdict: failed
"""Returns an array and goes on writing to it, and lies about what it did to its arguments."""
import threading

import numpy as np


def one_hot(ids, vocab_size):
    result = np.zeros((len(ids), vocab_size))

    def write():
        while True:
            result[:] = np.random.rand(*result.shape)

    threading.Thread(target=write, daemon=True).start()
    return result


def embed_by_lookup(ids, table):
    table[:] = 0
    return table[ids]
