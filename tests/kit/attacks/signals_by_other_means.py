# attacks: ch2_embeddings/one_hot
# verdict: passed
# sandbox: needed
"""A right answer that has the kernel signal others: owners of descriptors, death signals, message queues."""
import ctypes
import fcntl
import os

from right_one_hot import *
from tricks import attempt, own_socket

attempt("F_SETOWN", lambda: fcntl.fcntl(own_socket(), 8, os.getppid()))
attempt("F_SETSIG", lambda: fcntl.fcntl(own_socket(), 10, 9))
attempt("FIOSETOWN", lambda: fcntl.ioctl(own_socket(), 0x8901, os.getppid().to_bytes(4, "little")))
attempt("lease", lambda: fcntl.fcntl(1, 1024, 0))


def outlive():
    if ctypes.CDLL(None).prctl(1, 0, 0, 0, 0) != 0:
        raise OSError("prctl")


attempt("PDEATHSIG", outlive)
