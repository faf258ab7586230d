# attacks: ch2_embeddings/one_hot
# verdict: passed
"""A right answer that looks for open files and sockets which it was not meant to have."""
import os
import stat

from right_one_hot import *

held = []
for number in range(4096):
    try:
        held.append((number, os.fstat(number).st_mode))
    except OSError:
        continue
sockets = [number for number, mode in held if stat.S_ISSOCK(mode)]
files = [number for number, mode in held if number > 2 and (stat.S_ISREG(mode) or stat.S_ISDIR(mode))]
pipes = [number for number, mode in held if stat.S_ISFIFO(mode)]
if len(sockets) != 1 or files or len(pipes) > 3 or len(held) > 6:
    print("ESCAPED", held)
