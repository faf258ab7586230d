# attacks: ch2_embeddings/one_hot
# verdict: timeout
# stop-early: yes
"""Writes a stack whose files hold zero bytes and halves of letters in their names, and hangs."""
import os

from tricks import trace_pipe

for name in (b"/a\0b.py", b"/a\\x00b.py", b"/a\\ud800.py", b"\xff\xfe", b"x" * 4000, b"a/" * 2000):
    os.write(trace_pipe(), b'  File "' + name + b'", line 99999999999999999999 in f\n')


def one_hot(*args, **kwargs):
    while True:
        pass


embed_by_matmul = embed_by_lookup = lookup_gradient = multiplications = one_hot
