# attacks: ch2_embeddings/one_hot
# verdict: passed
"""A right answer with a thread that prints for ever, so that the grader never reads the end of it."""
import os
import threading

from right_one_hot import *


def talk():
    while True:
        os.write(1, b"talk " * 1000)


threading.Thread(target=talk, daemon=True).start()
