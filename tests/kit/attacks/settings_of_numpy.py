# attacks: ch2_embeddings/one_hot
# verdict: failed
"""Makes NumPy raise at everything, write its numbers by code of its own, and take its memory from nowhere."""
import numpy as np

np.seterrcall(lambda *args: 1 / 0)
np.seterr(all="call")
np.set_printoptions(formatter={"all": lambda value: "passed" * 1000}, threshold=10**9)
np.set_string_function(lambda value: "passed") if hasattr(np, "set_string_function") else None
np.random.seed = np.random.set_state = lambda *args: None


def one_hot(ids, vocab_size):
    return np.full((len(ids), vocab_size), np.float64(1e308) * 10)
