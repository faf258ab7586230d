# attacks: ch2_embeddings/one_hot
# verdict: passed
# sandbox: needed
"""A right answer that starts processes in every way (few of them, should it work)."""
import ctypes
import multiprocessing
import os
import subprocess

from right_one_hot import *
from tricks import attempt, system_call


def fork():
    if os.fork() == 0:
        os._exit(0)


def multi():
    process = multiprocessing.Process(target=int)
    process.start()


attempt("fork", fork)
attempt("forkpty", lambda: os.forkpty())
attempt("vfork", lambda: subprocess.run(["/bin/true"]))
attempt("posix_spawn", lambda: os.posix_spawn("/bin/true", ["true"], {}))
attempt("multiprocessing", multi)
attempt("system", lambda: os.system("true") and raise_error())
attempt("popen", lambda: os.popen("echo x").read()[0])
attempt("clone3", lambda: system_call("clone3", 0, 0))
attempt("clone", lambda: ctypes.CDLL(None).clone(None, None, 0) == -1 and raise_error())


def raise_error():
    raise OSError
