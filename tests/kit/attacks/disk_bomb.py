# attacks: ch2_embeddings/one_hot
# verdict: failed
# stop-early: yes
"""Fills the disk with files, each below the limit of one."""
import itertools


def one_hot(*args, **kwargs):
    for number in itertools.count():
        with open(f"{number}.bin", "wb") as file:
            file.write(b"x" * (8 * 2**20))


embed_by_matmul = embed_by_lookup = lookup_gradient = multiplications = one_hot
