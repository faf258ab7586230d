# attacks: ch2_embeddings/one_hot
# verdict: passed
"""A right answer that opens files and pipes until there are none left."""
import os

from right_one_hot import *

kept = []
try:
    while True:
        kept.append(os.pipe())
except OSError:
    pass
if len(kept) > 100:
    print("ESCAPED", len(kept))
