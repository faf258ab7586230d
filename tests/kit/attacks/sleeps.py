# attacks: ch2_embeddings/one_hot
# verdict: timeout
# stop-early: yes
"""Never answers, and sleeps, with all signals blocked."""
import signal
import time

signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 64))


def one_hot(*args, **kwargs):
    time.sleep(1000)


embed_by_matmul = embed_by_lookup = lookup_gradient = multiplications = one_hot
