# attacks: ch2_embeddings/one_hot
# verdict: failed
# stop-early: yes
"""Fills the disk with a single file."""


def one_hot(*args, **kwargs):
    with open("large.bin", "wb") as file:
        while True:
            file.write(b"x" * 2**20)


embed_by_matmul = embed_by_lookup = lookup_gradient = multiplications = one_hot
