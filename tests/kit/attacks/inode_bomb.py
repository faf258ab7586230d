# attacks: ch2_embeddings/one_hot
# verdict: failed
# stop-early: yes
"""Makes empty files without end."""
import itertools


def one_hot(*args, **kwargs):
    for number in itertools.count():
        open(f"{number}.txt", "w").close()


embed_by_matmul = embed_by_lookup = lookup_gradient = multiplications = one_hot
