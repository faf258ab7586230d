# attacks: ch2_embeddings/one_hot
# verdict: timeout
# stop-early: yes
"""Never answers, and works hard at it."""


def one_hot(*args, **kwargs):
    while True:
        pass


embed_by_matmul = embed_by_lookup = lookup_gradient = multiplications = one_hot
