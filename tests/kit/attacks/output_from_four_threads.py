# attacks: ch2_embeddings/one_hot
# verdict: passed
"""A right answer beside four threads that fill the pipes of output and of stacks without end."""
import os
import threading

from right_one_hot import *
from tricks import trace_pipe

threading.stack_size(64 * 1024)


def talk(number):
    while True:
        os.write(number, b"and another thing " * 3_000)


for turn in range(4):
    threading.Thread(target=talk, args=(trace_pipe() if turn % 4 == 3 else 1 + turn % 2,), daemon=True).start()
