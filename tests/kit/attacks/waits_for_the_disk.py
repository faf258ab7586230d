# attacks: ch2_embeddings/one_hot
# verdict: timeout
# stop-early: yes
"""Never answers, and spends its time waiting for the disk rather than working or sleeping."""
import os


def one_hot(*args, **kwargs):
    file = os.open("x", os.O_RDWR | os.O_CREAT)
    while True:
        os.pwrite(file, b"x" * 65536, 0)
        os.fsync(file)


embed_by_matmul = embed_by_lookup = lookup_gradient = multiplications = one_hot
