# attacks: ch2_embeddings/one_hot
# verdict: timeout
# stop-early: yes
"""Writes a stack whose function is half of a surrogate pair, which no text can be made of, and hangs."""
import os

from tricks import trace_pipe

os.write(trace_pipe(), f'  File "{__file__}", line 1 in \\ud800\\udfff\n'.encode())


def one_hot(*args, **kwargs):
    while True:
        pass


embed_by_matmul = embed_by_lookup = lookup_gradient = multiplications = one_hot
