# attacks: ch2_embeddings/one_hot
# verdict: passed
# sandbox: needed
"""A right answer that would run before all others, keep its memory in place, and take a processor for itself."""
import ctypes
import os
import threading

from right_one_hot import *
from tricks import attempt


def called(name, *arguments):
    if getattr(ctypes.CDLL(None), name)(*arguments) != 0:
        raise OSError(name)


attempt("nice", lambda: os.nice(-5))
attempt("fifo", lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1)))
attempt("idle", lambda: os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0)))
attempt("affinity", lambda: os.sched_setaffinity(0, {0}))
attempt("thread", lambda: called("pthread_setschedprio", ctypes.c_ulong(threading.get_ident()), 50))
attempt("subreaper", lambda: called("prctl", 36, 1, 0, 0, 0))
attempt("tracer", lambda: called("prctl", 0x59616D61, -1, 0, 0, 0))
attempt("memory's end", lambda: called("prctl", 35, 1, 4096, 0, 0))
attempt("capabilities", lambda: called("prctl", 47, 2, 21, 0, 0))
attempt("bounding set", lambda: called("prctl", 24, 21, 0, 0, 0))
