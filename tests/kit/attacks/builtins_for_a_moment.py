# attacks: ch2_embeddings/one_hot
# verdict: failed
"""Takes builtins away for the time of a call and gives them back before anyone looks; its answer is wrong all the same."""
import builtins

import numpy as np

NAMES = ("isinstance", "len", "type", "getattr", "sorted", "id", "dict", "list", "hash", "all", "any")


def one_hot(ids, vocab_size):
    before = {name: getattr(builtins, name) for name in NAMES}
    try:
        for name in NAMES:
            setattr(builtins, name, lambda *args: True)
        return np.ones((ids.shape[0], vocab_size))
    finally:
        for name, value in before.items():
            setattr(builtins, name, value)
