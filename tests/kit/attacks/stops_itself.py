# attacks: ch2_embeddings/one_hot
# verdict: timeout
# stop-early: yes
"""Stops its own process, which then cannot answer a signal."""
import os
import signal


def one_hot(*args, **kwargs):
    os.kill(os.getpid(), signal.SIGSTOP)


embed_by_matmul = embed_by_lookup = lookup_gradient = multiplications = one_hot
