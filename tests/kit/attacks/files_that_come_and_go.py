# attacks: ch2_embeddings/one_hot
# verdict: passed
"""A right answer beside a thread that makes, renames, links and removes files and folders as fast as it can."""
import contextlib
import os
import threading

from right_one_hot import *


def stir():
    while True:
        for turn in range(50):
            with contextlib.suppress(OSError):
                os.makedirs(f"a/{turn}/b", exist_ok=True)
                open(f"a/{turn}/b/c", "w").close()
                os.link(f"a/{turn}/b/c", f"a/{turn}/d")
                os.rename(f"a/{turn}", f"e{turn}")
            with contextlib.suppress(OSError):
                os.unlink(f"e{turn}/b/c")
                os.unlink(f"e{turn}/d")
                os.rmdir(f"e{turn}/b")
                os.rmdir(f"e{turn}")


threading.Thread(target=stir, daemon=True).start()
