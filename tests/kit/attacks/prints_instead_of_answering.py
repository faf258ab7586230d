# attacks: ch2_embeddings/one_hot
# verdict: timeout
# stop-early: yes
"""Prints without end instead of answering."""


def one_hot(*args, **kwargs):
    while True:
        print("still working")


embed_by_matmul = embed_by_lookup = lookup_gradient = multiplications = one_hot
