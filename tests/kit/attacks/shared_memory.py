# attacks: ch2_embeddings/one_hot
# verdict: passed
# sandbox: needed
"""A right answer that leaves messages to other submissions in shared memory."""
import multiprocessing.shared_memory

from right_one_hot import *
from tricks import attempt, system_call

attempt("shared_memory", lambda: multiprocessing.shared_memory.SharedMemory("meeting-place", create=True, size=64))
attempt("/dev/shm", lambda: open("/dev/shm/meeting-place", "w"))
attempt("shmget", lambda: system_call("shmget", 7, 4096, 0o1777))
attempt("msgget", lambda: system_call("msgget", 7, 0o1777))
attempt("semget", lambda: system_call("semget", 7, 1, 0o1777))
attempt("mq_open", lambda: system_call("mq_open", 0, 0, 0, 0))
