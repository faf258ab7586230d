# attacks: ch2_embeddings/one_hot
# verdict: passed
# sandbox: needed
"""A right answer whose threads, started early and late, try what it may not do itself."""
import os
import socket
import threading

from right_one_hot import *
from tricks import SECRET, attempt


def misbehave():
    attempt("read", lambda: open(SECRET).read())
    attempt("socket", lambda: socket.socket())
    attempt("fork", lambda: os.fork() or os._exit(0))
    attempt("signal", lambda: os.kill(os.getppid(), 0))


for _ in range(4):
    thread = threading.Thread(target=misbehave)
    thread.start()
    thread.join()
