# attacks: ch2_embeddings/one_hot
# verdict: failed
# stop-early: yes
"""Makes files that are far larger than what is written to them, one inside of the other's folder."""
import os


def one_hot(*args, **kwargs):
    for number in range(1000):
        os.makedirs(f"{number}")
        with open(f"{number}/x", "wb") as file:
            file.truncate(16 * 2**20)


embed_by_matmul = embed_by_lookup = lookup_gradient = multiplications = one_hot
