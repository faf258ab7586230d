# attacks: ch2_embeddings/one_hot
# verdict: failed
# stop-early: yes
"""Sends answers without end."""
from tricks import returned, send


def one_hot(*args, **kwargs):
    while True:
        send(returned(None) * 100)


embed_by_matmul = embed_by_lookup = lookup_gradient = multiplications = one_hot
