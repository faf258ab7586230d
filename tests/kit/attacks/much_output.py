# attacks: ch2_embeddings/one_hot
# verdict: passed
"""A right answer that prints thirty million bytes."""
import sys

from right_one_hot import *

for _ in range(30):
    sys.stdout.write("x" * 10**6)
    sys.stderr.write("\x1b[2J\x1b]0;title\x07")
