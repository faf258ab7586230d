# attacks: ch2_embeddings/one_hot
# verdict: passed
# sandbox: needed
"""A right answer that traces its parent and reads its memory."""
import ctypes
import os

from right_one_hot import *
from tricks import attempt, system_call


def seize():
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.ptrace(0x4206, os.getppid(), 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "ptrace")


attempt("ptrace", seize)
attempt("process_vm_readv", lambda: system_call("process_vm_readv", os.getppid(), 0, 0, 0, 0, 0))
attempt("process_vm_writev", lambda: system_call("process_vm_writev", os.getppid(), 0, 0, 0, 0, 0))
attempt("pidfd_open", lambda: system_call("pidfd_open", os.getppid(), 0))
attempt("kcmp", lambda: system_call("kcmp", os.getpid(), os.getppid(), 2, 0, 0))
