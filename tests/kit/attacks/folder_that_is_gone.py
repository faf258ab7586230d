# attacks: ch2_embeddings/one_hot
# verdict: passed
"""A right answer that stands in a folder which it has removed."""
import os

from right_one_hot import *

os.mkdir("gone")
os.chdir("gone")
os.rmdir("../gone")
