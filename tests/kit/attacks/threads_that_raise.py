# attacks: ch2_embeddings/one_hot
# verdict: passed
"""A right answer beside threads that raise, exit and interrupt the first one, hooks that raise over it, and locals that outlive them."""
import sys
import threading
import time

from right_one_hot import *


def raising():
    while True:
        time.sleep(0.01)
        threading.Thread(target=sys.exit).start()
        threading.Thread(target=divmod, args=(1, 0)).start()


threading.excepthook = lambda *args: 1 / 0
sys.excepthook = lambda *args: 1 / 0
threading.Thread(target=raising, daemon=True).start()
