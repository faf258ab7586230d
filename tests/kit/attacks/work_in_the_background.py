# attacks: ch2_embeddings/one_hot
# verdict: passed
"""A right answer that works on while nobody waits for it, and stops when it is asked."""
import threading
import time

import right_one_hot as right
from right_one_hot import *

asked = threading.Event()


def work():
    while True:
        end = time.perf_counter() + 0.002
        while time.perf_counter() < end and not asked.is_set():
            pass
        time.sleep(0.002)


threading.Thread(target=work, daemon=True).start()


def one_hot(ids, vocab_size):
    asked.set()
    try:
        return right.one_hot(ids, vocab_size)
    finally:
        asked.clear()
