# attacks: ch2_embeddings/one_hot
# verdict: timeout
# stop-early: yes
"""Names its process so that it reads like the state of another one, and hangs."""
import ctypes
import time


def one_hot(*args, **kwargs):
    ctypes.CDLL(None).prctl(15, b") R 1 1\n 0 0", 0, 0, 0)
    time.sleep(1000)


embed_by_matmul = embed_by_lookup = lookup_gradient = multiplications = one_hot
