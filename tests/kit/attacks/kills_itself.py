# attacks: ch2_embeddings/one_hot
# verdict: failed
"""Ends in every hard way that there is."""
import ctypes
import os
import signal


def one_hot(ids, vocab_size):
    os.kill(os.getpid(), signal.SIGKILL)


def embed_by_matmul(ids, table):
    os.abort()


def embed_by_lookup(ids, table):
    ctypes.string_at(0)


def lookup_gradient(ids, grad_output, vocab_size):
    signal.raise_signal(signal.SIGTERM)


def multiplications(n_ids, vocab_size, dim):
    signal.setitimer(signal.ITIMER_REAL, 0.01)
    signal.pause()
