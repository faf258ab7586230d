# attacks: ch2_embeddings/one_hot
# verdict: timeout
# stop-early: yes
"""Its first thread leaves the process, in which another one lives on: it looks dead, and is not."""
import ctypes
import threading
import time

from tricks import EXIT_THREAD


def one_hot(*args, **kwargs):
    threading.Thread(target=time.sleep, args=(1000,)).start()
    ctypes.CDLL(None).syscall(EXIT_THREAD, 0)


embed_by_matmul = embed_by_lookup = lookup_gradient = multiplications = one_hot
