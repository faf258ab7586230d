# attacks: ch2_embeddings/one_hot
# verdict: failed
"""Sends a hundred answers while it is imported."""
import os

from tricks import returned, own_socket

os.write(own_socket(), returned(True) * 100)


def one_hot(ids, vocab_size):
    return True
