# attacks: ch2_embeddings/one_hot
# verdict: passed
"""A right answer among objects that raise, print, start threads and import when they are forgotten."""
import gc
import sys
import threading
import weakref

from right_one_hot import *


class Forgotten:
    def __del__(self):
        threading.Thread(target=print, args=("late",)).start()
        import colorsys  # noqa: F401 # that it can be imported is tried

        raise SystemExit(0)


sys.unraisablehook = lambda *args: 1 / 0
kept = weakref.ref(Forgotten(), lambda ref: 1 / 0)
gc.callbacks.append(lambda *args: 1 / 0)
ring = [Forgotten()]
ring.append(ring)
del ring
gc.collect()
