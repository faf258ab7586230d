# attacks: ch2_embeddings/one_hot
# verdict: timeout
# stop-early: yes
"""Its first thread leaves, and another one keeps the processor busy: a process without a state."""
import ctypes
import threading

from tricks import EXIT_THREAD


def work():
    while True:
        pass


def one_hot(*args, **kwargs):
    threading.Thread(target=work).start()
    ctypes.CDLL(None).syscall(EXIT_THREAD, 0)


embed_by_matmul = embed_by_lookup = lookup_gradient = multiplications = one_hot
