# attacks: ch2_embeddings/one_hot
# verdict: failed
"""Ends by a signal without a name while it is imported."""
import os

os.kill(os.getpid(), 50)
