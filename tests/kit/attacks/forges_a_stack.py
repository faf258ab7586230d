# attacks: ch2_embeddings/one_hot
# verdict: timeout
# stop-early: yes
"""Writes a stack of its own making, which names a hidden file, and then never answers."""
import os
import stat

from tricks import SECRET

root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
place = root + "/" + os.path.relpath(SECRET, root)
text = f'  File "{place}", line 1 in one_hot\n  File "{SECRET}", line 1 in one_hot\n'.encode()
for number in range(3, 1024):
    try:
        if stat.S_ISFIFO(os.fstat(number).st_mode):
            os.write(number, text)
    except OSError:
        continue


def one_hot(*args, **kwargs):
    while True:
        pass


embed_by_matmul = embed_by_lookup = lookup_gradient = multiplications = one_hot
